"""mitmproxy's master with what a request does not need left out: the same hooks and options, found faster."""

import dataclasses
import inspect
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

from mitmproxy import exceptions, flow, http, options
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.hooks import Hook, UpdateHook
from mitmproxy.master import Master

from circleshield import lean_connections, relay


class LeanMaster(Master):
    """A master whose addons are `LeanAddons`. Needs a running event loop."""

    def __init__(self) -> None:
        super().__init__(options.Options())
        self.addons = LeanAddons(self)
        self._legacy_log_events.uninstall()  # it would call the loop for each line that is logged; no addon listens
        # It checks the types of mitmproxy's own arguments, for each message; `python -O` leaves it out as well.
        http.MessageData.__post_init__ = _unchecked  # type: ignore[method-assign]
        # Each request asks for headers some 35 times and for hooks' arguments 12 times.
        http.Headers.get_all = _get_all  # type: ignore[method-assign]
        http.Headers.get = _get  # type: ignore[method-assign, assignment]
        http.Headers.__contains__ = _contains  # type: ignore[method-assign, assignment]
        Hook.args = _args  # type: ignore[method-assign]
        lean_connections.install()
        relay.install()


def _unchecked(_: http.MessageData) -> None:
    pass


def _get_all(self: http.Headers, name: str | bytes) -> list[str]:
    key = (name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name).lower()
    return [value.decode("utf-8", "surrogateescape") for field, value in self.fields if field.lower() == key]


def _get(self: http.Headers, name: str | bytes, default: Any = None) -> Any:
    values = _get_all(self, name)
    return ", ".join(values) if values else default


def _contains(self: http.Headers, name: str | bytes) -> bool:
    return bool(_get_all(self, name))


def _args(self: Hook) -> list[Any]:
    return [getattr(self, name) for name in _arguments(type(self))]  # type: ignore[arg-type]


@cache
def _arguments(hook: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(hook))  # type: ignore[arg-type]


class LeanAddons(AddonManager):
    """Looks each hook's handlers up once: mitmproxy asks every addon at every hook whether it has one."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call]
        self._handlers: dict[str, list[Callable[..., Any]]] = {}

    def add(self, *addons: Any) -> None:
        super().add(*addons)  # type: ignore[no-untyped-call]
        self._handlers.clear()

    def remove(self, addon: Any) -> None:
        super().remove(addon)  # type: ignore[no-untyped-call]
        self._handlers.clear()

    async def handle_lifecycle(self, event: Hook) -> None:
        await self.trigger_event(event)
        message = event.args()[0]
        if self._handlers.get(UpdateHook.name) != [] and isinstance(message, flow.Flow):
            await self.trigger_event(UpdateHook([message]))

    async def trigger_event(self, event: Hook) -> None:
        handlers = self._handlers.get(event.name)
        if handlers is None:
            handlers = [handler for addon in self.chain for _, handler in self._iter_hooks(addon, event)]
            self._handlers[event.name] = handlers
        if not handlers:
            return
        arguments = event.args()
        for handler in handlers:
            try:
                found = handler(*arguments)
                if found is not None and inspect.isawaitable(found):
                    await found
            except exceptions.AddonHalt:
                return
            except Exception:
                with safecall():
                    raise
