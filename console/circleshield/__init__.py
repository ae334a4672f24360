"""The command line, the demo, and the proxy that it runs."""
