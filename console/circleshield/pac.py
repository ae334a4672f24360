"""The proxy auto-config file: only hosts that are decrypted go through the proxy."""

import json
from collections.abc import Iterable

from circleshield_addon.notes import HOST

MIME = "application/x-ns-proxy-autoconfig"

_TEXT = """\
// circleshield: feeds go through the proxy at {proxy}, everything else goes direct.
var HOSTS = {hosts};
var BELOW = {below};
function FindProxyForURL(url, host) {{
  host = host.toLowerCase().replace(/\\.$/, "");
  var proxied = HOSTS.indexOf(host) >= 0;
  for (var i = 0; i < BELOW.length && !proxied; i++) proxied = dnsDomainIs(host, BELOW[i]);
  return proxied ? {answer} : "DIRECT";
}}
"""


def pac(hosts: Iterable[str], proxy: str, fail_closed: bool) -> str:
    """The file for host patterns and a proxy (`host:port`).

    With `fail_closed` feeds do not load while the proxy is away. Without, they load unfiltered, and browsers may go on
    so for minutes after it is back.
    """
    patterns = sorted({HOST, *hosts})
    return _TEXT.format(
        proxy=proxy,
        hosts=json.dumps([host for host in patterns if not host.startswith("*.")]),
        below=json.dumps([host[1:] for host in patterns if host.startswith("*.")]),
        answer=json.dumps(f"PROXY {proxy}" if fail_closed else f"PROXY {proxy}; DIRECT"),
    )
