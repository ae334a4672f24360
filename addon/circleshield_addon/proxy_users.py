"""Proxy users: whoever is asked for a password before the proxy serves them.

HTTP: RFC 9110, 11.7 with the Basic scheme (RFC 7617); SOCKS5: RFC 1929. In the other modes there is nobody to ask:
WireGuard has its keys, and a transparent or reverse proxy is not known to its clients as one.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import argon2
from mitmproxy import connection, ctx, http
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy.layers.modes import Socks5AuthData
from mitmproxy.proxy.mode_specs import RegularMode, UpstreamMode

from circleshield_addon.access import OWN_PORT
from circleshield_addon.device import device_of
from circleshield_addon.settings import User

_HEADER = "proxy-authorization"
_REMEMBERED = 100  # right passwords; Argon2 takes too long for each connection of a browser
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's least: 19 MiB, some 50 ms
_log = logging.getLogger("circleshield")


class ProxyUsers:
    """A mitmproxy addon that lets nobody through but users with their passwords, once there are any."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users: Mapping[str, User] = users
        self._nobody = ""
        self._known: dict[bytes, str] = {}  # digest of a right name and password -> the hash it was right for
        self._secret = secrets.token_bytes(32)
        self._one_at_a_time = asyncio.Semaphore(1)
        self._names: WeakKeyDictionary[connection.Client, str] = WeakKeyDictionary()
        self._options: Any = None

    def load(self, loader: Loader) -> None:
        """Adds the option of mitmproxy's own addon that makes its SOCKS5 ask for a password."""
        loader.add_option("proxyauth", str, "", "Whether there are proxy users.")
        self._options = ctx.options
        self._tell_socks5()

    def use(self, users: Mapping[str, User]) -> None:
        """Goes on with other users; connections that are open stay so."""
        if users != self._users:
            self._users = users
            self._tell_socks5()

    def name(self, client: connection.Client) -> str:
        """The user at the other end of a connection; empty where nobody was asked."""
        return self._names.get(client, "")

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """Lets a tunnel be opened, or not; what comes through it is the same user's."""
        await self._ask(flow)

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Lets a plain request through, or not. The password goes no further in any case.

        What the proxy serves on its own port is for those who do not use it yet.
        """
        if flow.metadata.get(OWN_PORT):
            return
        if flow.client_conn not in self._names:
            await self._ask(flow)
        elif isinstance(flow.client_conn.proxy_mode, RegularMode | UpstreamMode):
            flow.request.headers.pop(_HEADER, None)

    async def socks5_auth(self, data: Socks5AuthData) -> None:
        """Lets a SOCKS5 client through, or not."""
        data.valid = await self._are_right(data.client_conn, data.username, data.password)

    async def _ask(self, flow: http.HTTPFlow) -> None:
        if not isinstance(flow.client_conn.proxy_mode, RegularMode | UpstreamMode):
            return
        given = flow.request.headers.pop(_HEADER, None)
        if not self._users or await self._are_right(flow.client_conn, *_parted(given)):
            return
        flow.response = http.Response.make(
            407,
            "This proxy asks for a user name and password.\n",
            {
                "proxy-authenticate": 'Basic realm="circleshield", charset="UTF-8"',
                "content-type": "text/plain; charset=utf-8",
            },
        )

    async def _are_right(self, client: connection.Client, name: str, password: str) -> bool:
        if not name and not password:
            return False  # a browser's first request, which learns from the answer that it has to ask
        right = await self._is_password_of(name, password)
        if right:
            self._names[client] = name
        else:
            known = name if name in self._users else "an unknown user"
            _log.warning("a wrong proxy password for %s from %s", known, device_of(client.peername))
        return right

    async def _is_password_of(self, name: str, password: str) -> bool:
        user = self._users.get(name)
        digest = hmac.digest(self._secret, f"{name}:{password}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        if user is not None and self._known.get(digest) == user.password:
            return True
        async with self._one_at_a_time:  # guessing must not take all memory and time
            if user is not None and self._known.get(digest) == user.password:  # by another connection meanwhile
                return True
            right = await asyncio.to_thread(self._verifies, user, password)
        if right and user is not None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[digest] = user.password
        return right and user is not None

    def _verifies(self, user: User | None, password: str) -> bool:
        """Takes as long for a user that there is not."""
        if user is None and not self._nobody:
            self._nobody = hash_of(secrets.token_hex())
        try:
            return _HASHER.verify(self._nobody if user is None else user.password, password)
        except (argon2.exceptions.Argon2Error, argon2.exceptions.InvalidHashError):
            return False

    def _tell_socks5(self) -> None:
        if self._options is not None:
            self._options.update(proxyauth="users" if self._users else "")


def hash_of(password: str) -> str:
    """What the config file holds in place of a password."""
    return _HASHER.hash(password)


def _parted(header: str | None) -> tuple[str, str]:
    """Name and password of a Proxy-Authorization header; both empty where it has none."""
    scheme, _, coded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password
