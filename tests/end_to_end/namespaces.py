"""Two network namespaces with a cable between them: a home with the proxy, and a phone."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from tests.end_to_end.origin import HANG_SECONDS

HOME, PHONE, SITE = "10.99.0.1", "10.99.0.2", "10.98.0.1"
"""The addresses of both ends, and one in the home that the phone has no route to."""


def _can() -> bool:
    tools = all(map(shutil.which, ("ip", "unshare")))
    return tools and os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"]).returncode == 0


needs_namespaces = pytest.mark.skipif(not _can(), reason="needs root that may make namespaces, and ip (iproute2)")


@dataclass(frozen=True)
class Namespace:
    """One of them, by its name."""

    name: str

    @property
    def within(self) -> tuple[str, ...]:
        """What comes before a command that is to run there."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *command: str, stdin: str = "") -> str:
        """The output of a command there; one that fails raises."""
        done = subprocess.run(
            [*self.within, *command], input=stdin, capture_output=True, text=True, timeout=HANG_SECONDS
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def socket(self, address: str, port: int = 0, udp: bool = False) -> socket.socket:
        """A socket that listens there (TCP) or is bound there (UDP), for use from here."""

        def made() -> socket.socket:
            with open(f"/run/netns/{self.name}") as entered:  # noqa: PTH123
                os.setns(entered.fileno(), os.CLONE_NEWNET)
            if not udp:
                return socket.create_server((address, port))
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind((address, port))
            return made

        with ThreadPoolExecutor(1) as pool:  # a thread of its own, which ends there
            return pool.submit(made).result()


@contextmanager
def home_and_phone() -> Iterator[tuple[Namespace, Namespace]]:
    """Makes them, and takes them away at the end."""
    mark = uuid.uuid4().hex[:6]
    home, phone = Namespace(f"cs-home-{mark}"), Namespace(f"cs-phone-{mark}")
    with ExitStack() as stack:
        for made in (home, phone):
            _ip("netns", "add", made.name)
            stack.callback(_ip, "netns", "delete", made.name)
        _ip("link", "add", "lan0", "netns", home.name, "type", "veth", "peer", "name", "lan0", "netns", phone.name)
        for end, addresses in ((home, (f"{HOME}/24", f"{SITE}/32")), (phone, (f"{PHONE}/24",))):
            end.run("ip", "link", "set", "lo", "up")
            end.run("ip", "link", "set", "lan0", "up")
            for address in addresses:
                end.run("ip", "address", "add", address, "dev", "lan0")
        yield home, phone


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ["ip", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=HANG_SECONDS)
