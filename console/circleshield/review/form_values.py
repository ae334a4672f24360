"""Numbers of forms and queries, for the `type` of werkzeug's `get`: ValueError for what makes no sense."""

from math import isfinite


def number(text: str) -> float:
    """Neither infinite nor none."""
    found = float(text)
    if not isfinite(found):
        raise ValueError(text)
    return found


def row_id(text: str) -> int:
    """The number of a row, as SQLite can hold it."""
    found = int(text)
    if found not in range(2**63):
        raise ValueError(text)
    return found
