"""Certificates for clients: for the name that they ask for and nothing else, and only what the CA may sign."""

import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mitmproxy import certs, tls
from mitmproxy.addons import tlsconfig
from mitmproxy.proxy import context

from circleshield_addon import authority
from circleshield_addon.handshake import asked_host

log = logging.getLogger("circleshield")

_FRESH = timedelta(days=2)


class Leaves(tlsconfig.TlsConfig):
    """mitmproxy's TLS addon with leaves that hold no name but the client's.

    mitmproxy's own copy all names of the origin's certificate and add the address, which a constrained CA may not sign.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is mitmproxy's `confdir` and holds a CA. Raises InputError where it does not."""
        self._folder = folder
        self.authority = authority.read(folder)
        self._looked = date.min

    def renew(self) -> None:
        """Goes on with the CA that is in the folder now. Raises InputError, and goes on with the one before."""
        self.authority = authority.read(self._folder)
        self.configure({"confdir"})  # type: ignore[no-untyped-call]

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Leaves TLS alone where the CA may not sign: the client gets the origin's own certificate."""
        super().tls_clienthello(data)
        host = asked_host(data)
        if host is not None and (self.authority.expired or not self.authority.permits(host)):
            data.ignore_connection = True

    def get_cert(self, conn_context: context.Context) -> certs.CertStoreEntry:
        """A leaf for the SNI; without one for the name or address that the client wants to reach."""
        client, server = conn_context.client, conn_context.server
        asked = client.sni or (server.address[0] if server.address else client.sockname[0])
        name = tlsconfig._ip_or_dns_name(asked.lower())
        text = str(name.value)
        self._warn()
        entry = self.certstore.get_cert(text, [name])
        if entry.cert.notafter - datetime.now(UTC) < _FRESH:  # mitmproxy keeps them for as long as it runs
            self.certstore.certs.clear()
            self.certstore.expire_queue.clear()
            entry = self.certstore.get_cert(text, [name])
        return entry

    def _warn(self) -> None:
        """Says once a day that the CA is about to expire: a service may have been started years ago."""
        today = datetime.now(UTC)
        if today.date() != self._looked and self.authority.expires - today < authority.WARN_BEFORE:
            for trouble in authority.troubles(self.authority, ()):
                log.warning("CA: it %s", trouble)
        self._looked = today.date()
