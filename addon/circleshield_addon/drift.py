"""Notices when a platform has changed: pages that should hold posts, and for some time no longer do."""

import json
import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec

from circleshield_addon.adapter import Adapter, Endpoint

_log = logging.getLogger("circleshield")

_IN_A_ROW = 3
_SHAPE_CHARACTERS = 600
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]{0,39}$")


@dataclass(frozen=True, slots=True)
class Drift:
    """One endpoint that no longer yields posts: what is missing, and the shape of what came, without any value."""

    adapter: str
    endpoint: str
    missing: str
    shape: str


class DriftAlarm:
    """Counts pages without what they should have; reports an endpoint once, until it yields posts again."""

    def __init__(self) -> None:
        self._misses: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._drifts: dict[tuple[str, str], Drift] = {}

    @property
    def drifts(self) -> tuple[Drift, ...]:
        """The endpoints that have drifted and not come back."""
        return tuple(self._drifts.values())

    def saw(self, adapter: Adapter, endpoint: Endpoint, missing: str | None, shape: str) -> None:
        """Takes note of a page: what it lacks (None: nothing), and how it was made."""
        key = (adapter.name, endpoint.path.pattern)
        if missing is None:
            self._misses.pop(key, None)
            self._drifts.pop(key, None)
            return
        self._misses[key] += 1
        if self._misses[key] >= _IN_A_ROW and key not in self._drifts:
            drift = self._drifts[key] = Drift(*key, missing, shape)
            _log.warning(
                "%s: %s on %d pages in a row; the platform may have changed, its posts pass unfiltered. Shape: %s",
                adapter.name,
                missing,
                self._misses[key],
                drift.shape,
            )


def shape_of(body: bytes) -> str:
    """Keys and types of a JSON text, no value; of lists the first element and the length. At most 600 characters."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return f"{len(body)} bytes that are no JSON"
    return json.dumps(_shape(value, 6), ensure_ascii=False, separators=(",", ":"))[:_SHAPE_CHARACTERS]


def _shape(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        if depth == 0:
            return "{…}"
        # A key that is no plain word may be somebody's id.
        return {key if _PLAIN_KEY.match(key) else "…": _shape(member, depth - 1) for key, member in value.items()}
    if isinstance(value, list):
        return [_shape(value[0], depth - 1), f"× {len(value)}"] if value and depth else []
    return type(value).__name__
