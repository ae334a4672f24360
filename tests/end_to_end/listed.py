"""Runs circleshield and lists in a file what it connects to, looks up, sends to and starts: `listed.py FILE run …`."""

import os
import runpy
import sys

_WATCHED = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.gethostbyname", "subprocess.Popen", "os.exec")
_file = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo":
        os.write(_file, f"look-up {arguments[0]}\n".encode())
    elif event in _WATCHED:
        os.write(_file, f"{event} {arguments[-1]}\n".encode())


sys.addaudithook(_note)
runpy.run_module("circleshield", run_name="__main__", alter_sys=True)
