"""Traffic in, traffic out: mitmproxy hooks, feed adapters, page editing, policy and settings."""
