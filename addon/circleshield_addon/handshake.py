"""What a client asks for when it begins TLS."""

from mitmproxy import tls
from mitmproxy.proxy.mode_specs import ReverseMode


def asked_host(data: tls.ClientHelloData) -> str | None:
    """The host that the client wants to talk to, in small letters; None where that is the proxy itself."""
    address = data.context.server.address
    if address is None:
        return None
    reverse = isinstance(data.context.client.proxy_mode, ReverseMode)  # there the SNI is the proxy's own name
    host: str = address[0] if reverse else data.client_hello.sni or address[0]
    return host.lower()
