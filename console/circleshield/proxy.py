"""mitmproxy embedded: a master with only the addons that the job needs, a clean start and a clean end."""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from mitmproxy import exceptions, options
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

from circleshield_addon.coding import MAX_DECODED_BYTES
from circleshield_addon.shield import Shield
from circleshield_model.errors import InputError

GRACE_SECONDS = 5.0
"""How long responses in flight may take to finish after the signal to stop."""

_log = logging.getLogger("circleshield")


class Proxy(Master):
    """A proxy with one Shield. Needs a running event loop."""

    def __init__(
        self,
        shield: Shield,
        listen: tuple[str, int],
        modes: Sequence[str] = ("regular",),
        ca_folder: Path | None = None,
        upstream_ca: Path | None = None,
    ) -> None:
        """Raises InputError for a mode or file that mitmproxy does not take."""
        super().__init__(options.Options())
        self.shield = shield
        self.server = proxyserver.Proxyserver()
        self.addons.add(
            self.server,
            next_layer.NextLayer(),
            tlsconfig.TlsConfig(),
            disable_h2c.DisableH2C(),
            dns_resolver.DnsResolver(),
            strip_dns_https_records.StripDnsHttpsRecords(),
            update_alt_svc.UpdateAltSvc(),
            upstream_auth.UpstreamAuth(),
            shield,
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
        stop = asyncio.Event()

        def on_signal() -> None:
            if stop.is_set():
                self.should_exit.set()
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
        await self.server.setup_servers()
        failed = [str(instance.last_exception) for instance in self.server.servers if instance.last_exception]
        if failed:
            raise InputError("; ".join(failed).replace("HTTP(S) proxy failed", "the proxy failed"))
        await self.running()
        ready(self)
        await stop.wait()
        _log.info("stopping: waiting for responses in flight")
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
            transports = [io for c in self.server.connections.values() for io in c.transports.values()]
            waiting = any(io.writer is not None and _unsent(io.writer) for io in transports)
            quiet = 0 if self.shield.in_flight or waiting else quiet + 1


def _unsent(writer: object) -> bool:
    transport = getattr(writer, "transport", None)  # WireGuard's streams have none
    return transport is not None and not transport.is_closing() and transport.get_write_buffer_size() > 0
