"""Pauses: for how long nothing is filtered, for one device or for all."""

import time
from typing import NamedTuple


class Pause(NamedTuple):
    """One pause: of which device (None: all), and until when (seconds since 1970)."""

    device: str | None
    until: float


class Pauses:
    """Those in force. They end by themselves; what is said of one device goes before what is said of all.

    Threads may share it: those of the review page set and ask while the proxy does.
    """

    def __init__(self) -> None:
        self._until: dict[str | None, float] = {}
        self._resumed: set[str] = set()

    def pause(self, until: float, device: str | None = None) -> None:
        """Pauses one device, or all: those too that were resumed one by one."""
        self._until[device] = until
        self._resumed = self._resumed - {device} if device is not None else set()

    def resume(self, device: str | None = None) -> None:
        """Ends the pause of one device, of all if None; that one device then does not share in a pause of all."""
        if device is None:
            self._until.clear()
            self._resumed.clear()
        else:
            self._until.pop(device, None)
            self._resumed.add(device)

    def paused(self, device: str) -> bool:
        """Whether what this device gets passes as it is."""
        if not self._until:
            return False
        now = time.time()
        return self._until.get(device, 0) > now or (self._until.get(None, 0) > now and device not in self._resumed)

    def in_force(self) -> list[Pause]:
        """All that have not ended yet."""
        now = time.time()
        return [Pause(device, until) for device, until in tuple(self._until.items()) if until > now]
