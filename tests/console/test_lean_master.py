"""mitmproxy with less: what is left out, and that its hooks are called as ever."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import circleshield.few_addons  # noqa: F401  # before any of mitmproxy

# isort: split

from mitmproxy import exceptions, http, options
from mitmproxy.addonmanager import AddonManager
from mitmproxy.hooks import ConfigureHook, Hook
from mitmproxy.http import _always_bytes, _native
from mitmproxy.master import Master
from mitmproxy.proxy.layers.http._hooks import HttpRequestHeadersHook
from mitmproxy.test import tflow

from circleshield import lean_master
from circleshield.lean_master import LeanAddons, LeanMaster

_IMPORTS = """
import sys
{first}
import circleshield.commands.run, circleshield_addon.reloading, circleshield_addon.settings
import circleshield.proxy, circleshield.review.hosting, circleshield_addon.recorder
from mitmproxy.addons import block, proxyserver, tlsconfig
print(*(name for name in {names} if name in sys.modules))
"""
_HEAVY = (
    *("flask", "werkzeug", "ldap3", "tornado", "asgiref", "mitmproxy.flowfilter", "mitmproxy.addons.onboarding"),
    *("re2", "selectolax", "rensa"),  # loaded with the first post that needs them
)


def _loaded(first: str = "") -> list[str]:
    script = _IMPORTS.format(first=first, names=_HEAVY)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()


def test_run_loads_nothing_that_it_does_not_use() -> None:
    assert _loaded() == []


def test_all_addons_stay_where_they_are_loaded_already() -> None:
    """As under mitmdump, which may need any of them."""
    assert "mitmproxy.addons.onboarding" in _loaded("import mitmproxy.addons")


class _Named:
    def __init__(self, name: str, calls: list[str], *inner: Any) -> None:
        self.name, self.calls, self.addons = name, calls, inner


class _Sync(_Named):
    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self.calls.append(self.name)


class _Async(_Named):
    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        self.calls.append(f"{self.name} begins")
        await asyncio.sleep(0)
        self.calls.append(f"{self.name} ends")


class _Fails(_Named):
    def requestheaders(self, flow: http.HTTPFlow) -> None:
        raise LookupError("no")


class _Halts(_Named):
    def requestheaders(self, flow: http.HTTPFlow) -> None:
        raise exceptions.AddonHalt


def _called(addons: type[AddonManager], caplog: pytest.LogCaptureFixture) -> list[str]:
    async def calls() -> list[str]:
        made: list[str] = []
        master = LeanMaster() if addons is LeanAddons else Master(options.Options())
        assert type(master.addons) is addons
        event: Hook = HttpRequestHeadersHook(tflow.tflow())
        await master.addons.handle_lifecycle(event)
        master.addons.add(_Sync("a", made, _Async("b", made)), _Fails("c", made), _Named("d", made), _Async("e", made))
        await master.addons.handle_lifecycle(event)
        master.addons.add(_Halts("f", made), gone := _Sync("g", made))
        await master.addons.handle_lifecycle(event)
        master.addons.remove(gone)
        master.addons.remove(master.addons.get("f"))
        master.addons.add(_Sync("h", made))
        await master.addons.handle_lifecycle(event)
        await master.done()
        return made

    with caplog.at_level(logging.ERROR, "mitmproxy"):
        made = asyncio.run(calls())
    made += [record.getMessage() for record in caplog.records]
    caplog.clear()
    return made


def test_hooks_are_called_as_mitmproxy_does(caplog: pytest.LogCaptureFixture) -> None:
    made = _called(LeanAddons, caplog)
    assert made == _called(AddonManager, caplog)
    assert made[:5] == ["a", "b begins", "b ends", "e begins", "e ends"]
    assert made[-3:] == ["Addon error: no"] * 3
    assert "h" in made
    assert "g" not in made


_ASKED = st.sampled_from(["Accept", "accept", "X-A", "x-a", "Cookie", "cookié", b"ACCEPT", b"x-\xff"])
_FIELD = st.tuples(st.sampled_from([b"Accept", b"ACCEPT", b"x-a", b"X-A", b"cookie", b"x-\xff"]), st.binary(max_size=3))


@given(st.lists(_FIELD, max_size=5), _ASKED)
def test_headers_are_found_as_mitmproxy_finds_them(fields: list[tuple[bytes, bytes]], name: str | bytes) -> None:
    headers = http.Headers(fields)
    asked = _always_bytes(name).lower()
    assert lean_master._get_all(headers, name) == [_native(value) for key, value in fields if key.lower() == asked]
    assert lean_master._get(headers, name) == Mapping.get(headers, name)
    assert lean_master._get(headers, name, "none") == Mapping.get(headers, name, "none")
    assert lean_master._contains(headers, name) == (Mapping.get(headers, name) is not None)


def test_arguments_of_hooks() -> None:
    flow = tflow.tflow()
    assert lean_master._args(HttpRequestHeadersHook(flow)) == [flow]
    assert lean_master._args(ConfigureHook({"a"})) == [{"a"}]
