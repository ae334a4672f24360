"""The control socket: who may ask, and what is answered."""

import asyncio
import json
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

import circleshield_addon.filtering  # noqa: F401  # as in a proxy: it takes a while
from circleshield.control import SOCKET, ask, control_socket
from circleshield_model.errors import InputError


def _asked(home: Path, command: str) -> dict[str, Any]:
    async def both() -> dict[str, Any]:
        async with control_socket(home, {"status": lambda: {"说": "好"}}):
            assert stat.S_IMODE((home / SOCKET).stat().st_mode) == 0o600
            return await asyncio.to_thread(ask, home, command)

    return asyncio.run(both())


def test_ask_and_answer(tmp_path: Path) -> None:
    assert _asked(tmp_path, "status") == {"说": "好"}
    assert not (tmp_path / SOCKET).exists()


@pytest.mark.parametrize("command", ["nonsense", "", "x" * 100])
def test_unknown_commands_get_a_list(tmp_path: Path, command: str) -> None:
    with pytest.raises(InputError, match=r"^the commands are: status$"):
        _asked(tmp_path, command)


def test_arguments_and_errors_get_through(tmp_path: Path) -> None:
    def half(number: int, of: str | None = None) -> dict[str, Any]:
        if number % 2:
            raise InputError(f"{number} is odd")
        return {"half": number // 2, "of": of}

    async def asked(**arguments: Any) -> dict[str, Any]:
        async with control_socket(tmp_path, {"half": half}):
            return await asyncio.to_thread(ask, tmp_path, "half", **arguments)

    assert asyncio.run(asked(number=4)) == {"half": 2, "of": None}
    assert asyncio.run(asked(number=4, of="鱼")) == {"half": 2, "of": "鱼"}
    with pytest.raises(InputError, match=r"^3 is odd$"):
        asyncio.run(asked(number=3))
    for wrong in ({}, {"number": 4, "colour": "red"}):
        with pytest.raises(InputError, match=r"^the commands are: half$"):
            asyncio.run(asked(**wrong))


def test_a_fault_of_the_proxy_is_told_by_its_place(tmp_path: Path) -> None:
    def fails() -> dict[str, Any]:
        raise KeyError("the text of a post")

    async def asked() -> dict[str, Any]:
        async with control_socket(tmp_path, {"status": fails}):
            return await asyncio.to_thread(ask, tmp_path, "status")

    with pytest.raises(InputError, match=r"^the proxy failed to do that: KeyError at test_control\.py:\d+$"):
        asyncio.run(asked())


@pytest.mark.parametrize("line", [b"\n", b"no json\n", b"[]\n", b"{}\n", b'{"command":["status"]}\n', b"\xff\n"])
def test_garbage_is_answered_too(tmp_path: Path, line: bytes) -> None:
    def send() -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / SOCKET))
            client.sendall(line)
            return client.recv(4096)

    async def both() -> bytes:
        async with control_socket(tmp_path, {"status": dict}):
            return await asyncio.to_thread(send)

    assert json.loads(asyncio.run(both())) == {"error": "the commands are: status"}


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no proxy runs with the home folder"):
        ask(tmp_path, "status")


def test_a_second_proxy_is_refused_and_a_dead_ones_socket_is_taken_over(tmp_path: Path) -> None:
    async def twice() -> None:
        async with control_socket(tmp_path, {}):
            with pytest.raises(InputError, match="already runs"):
                async with control_socket(tmp_path, {}):
                    pass
            assert (tmp_path / SOCKET).exists()

    asyncio.run(twice())
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / SOCKET))
    assert _asked(tmp_path, "status") == {"说": "好"}
