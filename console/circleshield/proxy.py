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

from mitmproxy import connection, exceptions, options
from mitmproxy.addons import (
    disable_h2c,
    dns_resolver,
    next_layer,
    proxyserver,
    strip_dns_https_records,
    tlsconfig,
    update_alt_svc,
    upstream_auth,
)
from mitmproxy.master import Master
from mitmproxy.proxy.mode_servers import ServerInstance

from circleshield.review.hosting import ReviewHost
from circleshield_addon.coding import MAX_DECODED_BYTES
from circleshield_addon.filtering import where
from circleshield_addon.reloading import Reloading
from circleshield_addon.shield import Shield
from circleshield_model.errors import InputError

GRACE_SECONDS = 5.0
"""How long responses in flight may take to finish after the signal to stop."""

_log = logging.getLogger("circleshield")


class Proxy(Master):
    """A proxy with one Shield, which follows its files. Needs a running event loop."""

    def __init__(
        self,
        shield: Shield,
        reloading: Reloading,
        listen: tuple[str, int],
        modes: Sequence[str] = ("regular",),
        ca_folder: Path | None = None,
        upstream_ca: Path | None = None,
        review: ReviewHost | None = None,
    ) -> None:
        """Raises InputError for a mode or file that mitmproxy does not take."""
        if upstream_ca is not None:
            _check_certificates(upstream_ca)
        super().__init__(options.Options())
        self.shield = shield
        self.reloading = reloading
        self.server = proxyserver.Proxyserver()
        self._clients = _Clients(self.server)
        self.addons.add(
            self._clients,
            self.server,
            next_layer.NextLayer(),
            tlsconfig.TlsConfig(),
            disable_h2c.DisableH2C(),
            dns_resolver.DnsResolver(),
            strip_dns_https_records.StripDnsHttpsRecords(),
            update_alt_svc.UpdateAltSvc(),
            shield.users,
            upstream_auth.UpstreamAuth(),
            *([review] if review is not None else []),
            shield,
            reloading,
        )
        try:
            self.options.update(
                listen_host=listen[0],
                listen_port=listen[1],
                mode=list(modes),
                http3=False,
                stream_large_bodies=str(MAX_DECODED_BYTES),
                ssl_verify_upstream_trusted_ca=str(upstream_ca) if upstream_ca else None,
                **({"confdir": str(ca_folder)} if ca_folder else {}),
            )
        except (exceptions.OptionsError, ValueError, OSError) as e:
            raise InputError(str(e)) from e

    async def serve(self, ready: Callable[["Proxy"], None]) -> None:
        """Runs until SIGINT or SIGTERM, then lets responses in flight finish. A second signal ends at once.

        `ready` is called when all modes listen. Raises InputError when one cannot.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_in_one_line)
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
            return f"{instance.mode.full_spec}: {error}"
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


def _check_certificates(file: Path) -> None:
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
