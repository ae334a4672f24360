"""mitmproxy's connections with less work an event: hooks that are done at once, one write for what belongs together.

mitmproxy starts a task for each hook, which then waits for the event that asked for it to be done with; and it hands
each piece of a message to the operating system by itself.
"""

import asyncio
import logging
from collections import deque

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.utils.asyncio_utils import create_task

from circleshield import relay

_Written = dict[Connection, list[bytes]]


def install() -> None:
    """Takes effect for every connection of this process. Does nothing the second time."""
    ConnectionHandler.server_event = _server_event  # type: ignore[method-assign]


async def _server_event(self: ConnectionHandler, event: events.Event) -> None:
    """In place of `ConnectionHandler.server_event`: the same commands in the same order."""
    async with self._server_event_lock:  # nothing below waits for anything
        self.timeout_watchdog.register_activity()
        waiting: deque[events.Event] = deque((event,))
        written: _Written = {}
        read = event.data if isinstance(event, events.DataReceived) and len(event.data) > 1 else None
        unchanged: Connection | None = None  # where what was read went as it is
        while waiting:
            try:
                for command in self.layer.handle_event(waiting.popleft()):
                    if isinstance(command, commands.SendData):
                        written.setdefault(command.connection, []).append(command.data)
                        if command.data is read:  # the same object; single bytes always are
                            unchanged = command.connection
                    elif isinstance(command, commands.StartHook):
                        if _is_done_at_once(self, command) and command.blocking:
                            waiting.append(events.HookCompleted(command))
                    else:
                        _write(self, written)
                        _carry_out(self, command)
            except Exception:
                _write(self, written)
                self.log("mitmproxy has crashed!", logging.ERROR, exc_info=True)
        _write(self, written)
        if unchanged is not None:
            assert isinstance(event, events.DataReceived)
            relay.begin(self, event.connection, unchanged)


def _is_done_at_once(self: ConnectionHandler, hook: commands.StartHook) -> bool:
    task = asyncio.get_running_loop().create_task(self.handle_hook(hook))  # an eager one: most hooks wait for nothing
    if task.done():
        task.result()
        return True

    async def rest() -> None:
        await task
        if hook.blocking:
            await self.server_event(events.HookCompleted(hook))

    create_task(rest(), name=f"handle_hook({hook.name})", keep_ref=True, client=self.client.peername)
    return False


def _write(self: ConnectionHandler, written: _Written) -> None:
    for connection, pieces in written.items():
        writer = self.transports[connection].writer if connection in self.transports else None
        if writer is not None and not writer.is_closing():
            for piece in [b"".join(pieces)] if connection.transport_protocol == "tcp" else pieces:
                writer.write(piece)
    written.clear()


def _carry_out(self: ConnectionHandler, command: commands.Command) -> None:
    """What neither sends nor asks addons."""
    if isinstance(command, commands.Log):
        self.log(command.message, command.level)
    elif isinstance(command, commands.OpenConnection):
        connection = command.connection
        assert connection not in self.transports
        name = f"server connection handler {connection.address}"
        handler = create_task(self.open_connection(command), name=name, keep_ref=False, client=self.client.peername)
        self.transports[connection] = ConnectionIO(handler=handler)
    elif isinstance(command, commands.RequestWakeup):
        name = f"wakeup timer ({command.delay:.1f}s)"
        timer = create_task(self.wakeup(command), name=name, keep_ref=False, client=self.client.peername)
        self.wakeup_timer.add(timer)
    elif isinstance(command, commands.CloseConnection):
        if command.connection in self.transports:  # otherwise it is closed already
            half = isinstance(command, commands.CloseTcpConnection) and command.half_close
            self.close_connection(command.connection, half)
    else:
        raise AssertionError(f"unexpected command: {command}")
