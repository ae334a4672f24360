"""The running proxy's control socket: a Unix socket in the home folder, open to its owner alone.

One request a connection: a line of JSON such as `{"command": "pause", "until": 1795360000.0}`, where what stands
beside `command` are its arguments; one line of JSON comes back, `{"error": …}` if that could not be done.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from inspect import signature
from pathlib import Path
from typing import Any

from circleshield_model.errors import InputError

SOCKET = "control.sock"
_SECONDS = 5.0


@asynccontextmanager
async def control_socket(home: Path, answers: dict[str, Callable[..., dict[str, Any]]]) -> AsyncIterator[None]:
    """Listens while the context is open; `answers` has what to say to each command, given its arguments by name.

    An answer may raise InputError, which the one who asked gets to read.
    Raises InputError when another proxy already listens in this home folder.
    """
    path = home / SOCKET
    if not hasattr(socket, "AF_UNIX"):  # Windows: no control from outside
        yield
        return
    if path.exists():
        if runs(home):
            raise InputError(f"{home}: a proxy already runs with this home folder; stop it or name another --home")
        path.unlink()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await asyncio.wait_for(reader.readline(), _SECONDS))
            asked = answers[request.pop("command")]
            signature(asked).bind(**request)
        except (ValueError, KeyError, TypeError, AttributeError, TimeoutError):
            reply = {"error": f"the commands are: {', '.join(answers)}"}
        else:
            reply = _answered(asked, request)
        writer.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
        writer.close()

    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)  # so that there is no moment in which others could connect
    try:
        listening.bind(str(path))
    except OSError as e:
        listening.close()
        raise InputError(f"{path}: cannot listen there: {e.strerror or e}") from e
    finally:
        os.umask(before)
    server = await asyncio.start_unix_server(answer, sock=listening)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


def _answered(answer: Callable[..., dict[str, Any]], arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(**arguments)
    except InputError as e:
        return {"error": str(e)}
    except Exception as e:  # the one who asked must not think that no proxy runs
        from circleshield_addon.filtering import where

        return {"error": f"the proxy failed to do that: {where(e)}"}


def ask(home: Path, command: str, **arguments: Any) -> dict[str, Any]:
    """What the proxy that runs with this home folder answers. Raises InputError when none does, or it says an error."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_SECONDS)
            client.connect(str(home / SOCKET))
            client.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            with client.makefile(encoding="utf-8") as lines:
                reply: dict[str, Any] = json.loads(lines.readline())
    except (OSError, ValueError, AttributeError) as e:  # AttributeError: Windows has no AF_UNIX
        raise InputError(f"no proxy runs with the home folder {home}; start one with: circleshield run") from e
    if "error" in reply:
        raise InputError(str(reply["error"]))
    return reply


def runs(home: Path) -> bool:
    """Whether a proxy runs with this home folder."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_SECONDS)
            client.connect(str(home / SOCKET))
    except (OSError, AttributeError):
        return False
    return True
