"""Network namespaces with cables between them: a home with the proxy, a phone, and the world outside."""

import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.end_to_end.origin import HANG_SECONDS

HOME, PHONE, SITE = "10.99.0.1", "10.99.0.2", "10.98.0.1"
"""The addresses of both ends, and one in the home that the phone has no route to."""
OUTSIDE, WORLD = "10.97.0.1", "10.97.0.2"
"""The home's other address, and that of the world beyond it."""


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
    with ExitStack() as stack:
        home, phone = _made(stack, "home"), _made(stack, "phone")
        _cable(home, (f"{HOME}/24", f"{SITE}/32"), phone, (f"{PHONE}/24",), "lan0")
        yield home, phone


@contextmanager
def router_between(hosts: Sequence[str]) -> Iterator[tuple[Namespace, Namespace, Namespace]]:
    """The same, where the home is the phone's router to the world; there are the hosts, whose names both know."""
    with home_and_phone() as (home, phone), ExitStack() as stack:
        world = _made(stack, "world")
        _cable(home, (f"{OUTSIDE}/24",), world, (f"{WORLD}/24",), "wan0")
        phone.run("ip", "route", "add", "default", "via", HOME)
        home.run("tee", "/proc/sys/net/ipv4/ip_forward", stdin="1")
        for namespace in (home, phone):
            etc = Path("/etc/netns", namespace.name)  # `ip netns exec` lays it over /etc
            etc.mkdir(parents=True)
            stack.callback(shutil.rmtree, etc)
            (etc / "hosts").write_text("".join(f"{WORLD} {host}\n" for host in hosts))
        yield home, phone, world


@contextmanager
def echo(namespace: Namespace, address: str, port: int) -> Iterator[None]:
    """Sends each datagram to an address of the namespace back."""
    with namespace.socket(address, port, udp=True) as bound:

        def serve() -> None:
            while (found := bound.recvfrom(100))[0] != b"stop":
                bound.sendto(*found)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        bound.sendto(b"stop", (address, port))
        thread.join()


def _made(stack: ExitStack, kind: str) -> Namespace:
    made = Namespace(f"cs-{kind}-{uuid.uuid4().hex[:6]}")
    _ip("netns", "add", made.name)
    stack.callback(_ip, "netns", "delete", made.name)
    made.run("ip", "link", "set", "lo", "up")
    return made


def _cable(one: Namespace, its: Sequence[str], other: Namespace, others: Sequence[str], name: str) -> None:
    """Connects two; both ends have the name, and these addresses."""
    _ip("link", "add", name, "netns", one.name, "type", "veth", "peer", "name", name, "netns", other.name)
    for end, addresses in ((one, its), (other, others)):
        end.run("ip", "link", "set", name, "up")
        for address in addresses:
            end.run("ip", "address", "add", address, "dev", name)


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ["ip", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=HANG_SECONDS)
