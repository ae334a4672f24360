"""Times on the command line: `2h` ago, `2026-11-01`."""

import re
from datetime import UTC, datetime, timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,6})([smhdw])")


class Moment(click.ParamType[datetime]):
    """A time ago, or a date or time in ISO 8601, local unless it says otherwise."""

    name = "2h|DATE"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The time, in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            if ago := _AGO.fullmatch(value):
                return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is neither a time ago, such as 30m, 2h, 7d, nor a date, such as 2026-11-01", param, ctx
            )
