import pytest
from mitmproxy.connection import Client
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import tflow

from circleshield_addon.quic import NoQuic
from circleshield_addon.settings import Settings

ADDON = NoQuic(Settings)


@pytest.mark.parametrize(("host", "stays"), [("weibo.com", False), ("m.weibo.cn", False), ("bank.example", True)])
def test_feed_hosts_name_no_other_way_to_them(host: str, stays: bool) -> None:
    flow = tflow.tflow(resp=True)
    flow.request.host = host
    assert flow.response is not None
    flow.response.headers["Alt-Svc"] = 'h3=":443"; ma=86400'
    flow.response.headers["X-Other"] = "1"
    ADDON.responseheaders(flow)
    assert ("alt-svc" in flow.response.headers) is stays
    assert flow.response.headers["x-other"] == "1"


@pytest.mark.parametrize(
    ("mode", "protocol", "port", "refused"),
    [
        ("wireguard", "udp", 443, True),
        ("wireguard", "tcp", 443, False),
        ("wireguard", "udp", 53, False),
        ("dns", "udp", 443, False),
        ("reverse:https://weibo.com", "udp", 443, False),
    ],
)
def test_a_tunnel_carries_no_quic(mode: str, protocol: str, port: int, refused: bool) -> None:
    client = Client(
        peername=("10.0.0.2", 50000),
        sockname=("203.0.113.5", port),
        transport_protocol=protocol,  # type: ignore[arg-type]
        proxy_mode=ProxyMode.parse(mode),
    )
    ADDON.client_connected(client)
    assert (client.error is not None) is refused
