"""A feed site of our own on loopback, to show the proxy at work without any network."""
