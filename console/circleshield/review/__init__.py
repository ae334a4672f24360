"""The review page: what was taken out of the feeds, and the user's choices about it, served by the proxy itself."""
