"""mitmproxy embedded: a master with only the addons that the job needs, a clean start and a clean end."""

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import circleshield.few_addons  # noqa: F401  # before any of mitmproxy

# isort: split

from mitmproxy import connection, exceptions
from mitmproxy.addons import (
    disable_h2c,
    dns_resolver,
    next_layer,
    proxyserver,
    strip_dns_https_records,
    update_alt_svc,
    upstream_auth,
)
from mitmproxy.proxy.mode_servers import ServerInstance
from mitmproxy.proxy.mode_specs import ProxyMode, RegularMode

from circleshield.lean_master import LeanMaster
from circleshield.reach import reached_host
from circleshield.review.hosting import ReviewHost
from circleshield.wireguard_server import InTunnels, WireGuardDevices, mode_spec, user_spec
from circleshield_addon import authority, refusals
from circleshield_addon.access import Access
from circleshield_addon.coding import MAX_DECODED_BYTES
from circleshield_addon.filtering import where
from circleshield_addon.leaves import Leaves
from circleshield_addon.quic import NoQuic
from circleshield_addon.refusals import Refusals
from circleshield_addon.reloading import Reloading
from circleshield_addon.shield import Shield
from circleshield_model.errors import InputError

GRACE_SECONDS = 5.0
"""How long responses in flight may take to finish after the signal to stop."""

_log = logging.getLogger("circleshield")


class Proxy(LeanMaster):
    """A proxy with one Shield, which follows its files. Needs a running event loop."""

    def __init__(
        self,
        shield: Shield,
        reloading: Reloading,
        listen: tuple[str, int],
        modes: Sequence[str] = ("regular",),
        *,
        ca_folder: Path,
        upstream_ca: Path | None = None,
        review: ReviewHost | None = None,
    ) -> None:
        """`ca_folder` holds the CA. Raises InputError for a mode or file that mitmproxy does not take."""
        if upstream_ca is not None:
            check_certificates(upstream_ca)
        WireGuardDevices.home = ca_folder.parent
        super().__init__()
        self.shield = shield
        self.reloading = reloading
        self.server = proxyserver.Proxyserver()
        if review is not None:
            review.proxy_address = self.address

        def page_port() -> int:
            return review.port if review is not None else 0

        self._restarts: set[asyncio.Future[None]] = set()
        self._one_restart = asyncio.Lock()
        self.leaves = Leaves(ca_folder)
        self.refusals = Refusals(ca_folder.parent / refusals.FILE, self.leaves.authority.fingerprint)
        if review is not None:
            review.passed = self.refusals.passed
        self._clients = _Clients(self.server)
        self.addons.add(
            self._clients,
            self.server,
            Access(self.server.listen_addrs, page_port, lambda: shield.settings),
            NoQuic(lambda: shield.settings),
            InTunnels(lambda: ("127.0.0.1", page_port())),
            next_layer.NextLayer(),
            self.leaves,
            disable_h2c.DisableH2C(),
            dns_resolver.DnsResolver(),
            strip_dns_https_records.StripDnsHttpsRecords(),
            update_alt_svc.UpdateAltSvc(),
            shield.users,
            upstream_auth.UpstreamAuth(),
            *([review] if review is not None else []),
            shield,
            self.refusals,
            reloading,
        )
        reloading.on_taken = self.warn_of_ca
        try:
            self.options.update(
                listen_host=listen[0],
                listen_port=listen[1],
                mode=[proxy_mode(mode).full_spec for mode in modes],
                http3=False,
                stream_large_bodies=str(MAX_DECODED_BYTES),
                ssl_verify_upstream_trusted_ca=str(upstream_ca) if upstream_ca else None,
                confdir=str(ca_folder),
            )
        except (exceptions.OptionsError, ValueError, OSError) as e:
            raise InputError(str(e)) from e

    async def serve(self, ready: Callable[["Proxy"], None]) -> None:
        """Runs until SIGINT or SIGTERM, then lets responses in flight finish. A second signal ends at once.

        `ready` is called when all modes listen. Raises InputError when one cannot.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_in_one_line)
        loop.set_task_factory(asyncio.eager_task_factory)  # as `Master.run` does: a tenth less time a request
        _allow_many_connections()
        stop = asyncio.Event()

        def on_signal() -> None:
            if stop.is_set():
                self.should_exit.set()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
        with _silenced("mitmproxy.addons.proxyserver"):  # it is said below, in one line
            await self.server.setup_servers()
        failed = [self._why_failed(instance) for instance in self.server.servers if instance.last_exception]
        if failed:
            raise InputError("; ".join(failed))
        await self.running()
        ready(self)
        await stop.wait()
        _log.info("stopping: waiting for responses in flight")
        self.shield.stopping = True
        await self.server.servers.update([])
        ended = asyncio.create_task(self.should_exit.wait())
        drained = asyncio.create_task(self._drained())
        await asyncio.wait((ended, drained), timeout=GRACE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        await self.done()

    def address(self) -> tuple[str, int] | None:
        """What devices set as their HTTP proxy; None without a regular mode."""
        for server in self.server.servers:
            if isinstance(server.mode, RegularMode) and server.listen_addrs:
                host, port = server.listen_addrs[0][:2]
                return reached_host(host), port
        return None

    def renew_ca(self) -> dict[str, Any]:
        """Goes on with the CA that is in the folder now."""
        self.leaves.renew()
        self.refusals.renew(self.leaves.authority.fingerprint)
        _log.info("CA: taken: %s", self.leaves.authority.title)
        return {}

    def ca_troubles(self) -> list[str]:
        """What the user should know of the CA, with the hosts that are to be decrypted now."""
        return list(authority.troubles(self.leaves.authority, self.shield.settings.hosts))

    def renew_tunnels(self) -> dict[str, Any]:
        """Lets in the devices that are in the file now."""
        self._restarts.add(restart := asyncio.ensure_future(self._restart_tunnels()))
        restart.add_done_callback(self._restarts.discard)
        return {}

    async def _restart_tunnels(self) -> None:
        async with self._one_restart:
            for server in self.server.servers:
                if isinstance(server, WireGuardDevices):
                    try:
                        await server.restart()
                    except Exception as e:  # the other ways in go on
                        _log.error("WireGuard does not listen any more: %s", e)

    def warn_of_ca(self) -> None:
        """Logs what the user should know of the CA."""
        for trouble in self.ca_troubles():
            _log.warning("CA: it %s", trouble)

    async def _drained(self) -> None:
        """Returns when no response is under way and all that was written has left."""
        quiet = 0
        while quiet < 3:  # an HTTP/2 client may still have to open its window for the rest
            await asyncio.sleep(0.05)
            waiting = any(transport.get_write_buffer_size() for transport in self._clients.transports)
            quiet = 0 if self.shield.in_flight or waiting else quiet + 1

    def _why_failed(self, instance: ServerInstance[Any]) -> str:
        error = instance.last_exception
        cause = error.__cause__ if error is not None else None
        if not isinstance(cause, OSError):
            return f"{user_spec(instance.mode.full_spec)}: {error}"
        host = instance.mode.listen_host(self.options.listen_host)
        port = instance.mode.listen_port(self.options.listen_port)
        # asyncio leaves the number out when this machine has no such address.
        why = os.strerror(cause.errno) if cause.errno else "not an address of this machine"
        return f"cannot listen on {host}:{port}: {why}"


class _Clients:
    """An addon that knows where bytes for clients may still wait.

    mitmproxy forgets a connection when it closes it, which is before all that was written has left.
    """

    def __init__(self, server: proxyserver.Proxyserver) -> None:
        self._server = server
        self.transports: WeakSet[asyncio.WriteTransport] = WeakSet()

    def client_connected(self, client: connection.Client) -> None:
        handler = self._server.connections.get(client.id)
        writer = handler.transports[client].writer if handler is not None else None
        if isinstance(writer, asyncio.StreamWriter):  # WireGuard has streams of its own
            self.transports.add(writer.transport)


def proxy_mode(mode: str) -> ProxyMode:
    """What mitmproxy makes of a `--mode`. Raises InputError where that is nothing."""
    parse: Callable[[str], ProxyMode] = ProxyMode.parse
    try:
        return parse(mode_spec(mode))
    except ValueError as e:
        raise InputError(f"--mode {mode}: {str(e).removesuffix(': ')}; see circleshield run --help") from e


def _in_one_line(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio could tell nobody else; with the whole of it post text could get into the log."""
    error = context.get("exception")
    what = f": {where(error)}" if isinstance(error, Exception) and error.__traceback__ else ""
    _log.error("%s%s", context["message"], f": {error.strerror}" if isinstance(error, OSError) else what)


def _allow_many_connections() -> None:
    """Each takes two file descriptors, and the usual soft limit is 1,024; the hard one is there to be used."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def check_certificates(file: Path) -> None:
    """Raises InputError for a bad file; mitmproxy itself would only find out with the first connection."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError as e:
        raise InputError(f"{file}: holds no certificate in PEM form") from e
    except OSError as e:
        raise InputError(f"{file}: cannot be read: {e.strerror}") from e


@contextmanager
def _silenced(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False
