"""mitmproxy's master with what a request does not need left out: the same hooks and options, found faster."""

import inspect
from collections.abc import Callable
from typing import Any

from mitmproxy import exceptions, http, options
from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.hooks import Hook
from mitmproxy.master import Master


class LeanMaster(Master):
    """A master whose addons are `LeanAddons`. Needs a running event loop."""

    def __init__(self) -> None:
        super().__init__(options.Options())
        self.addons = LeanAddons(self)
        self._legacy_log_events.uninstall()  # it would call the loop for each line that is logged; no addon listens
        # It checks the types of mitmproxy's own arguments, for each message; `python -O` leaves it out as well.
        http.MessageData.__post_init__ = _unchecked  # type: ignore[method-assign]


def _unchecked(_: http.MessageData) -> None:
    pass


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
