"""Numbers: posts seen and taken out, why, what the model is worth, what the filter costs, and what does not work."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from flask import Blueprint, render_template, request

from circleshield.home import open_ledger
from circleshield.review.charts import bars, columns
from circleshield.review.guard import owner_only
from circleshield.review.served import served
from circleshield_addon.ledger import FILE
from circleshield_addon.totals import Totals, totals
from circleshield_model import artefact

SPANS = (7, 30, 90)
_TAKEN = ("remove", "fold", "label")
_WRITTEN = 6  # names below a chart

pages = Blueprint("numbers", __name__)


class Row(NamedTuple):
    """Posts of a day or of a platform, by what became of them; `seen` are all."""

    name: str
    seen: int
    taken: int
    unsure: int

    @property
    def rest(self) -> int:
        """Those that show as they were."""
        return self.seen - self.taken - self.unsure


class Delay(NamedTuple):
    """Milliseconds within which half, and 95 %, of so many pages were handed on."""

    p50: float
    p95: float
    pages: int


@pages.get("/numbers")
@owner_only
def numbers() -> str:
    """Of the last `days`, today included."""
    wanted = request.args.get("days", type=int)
    days = wanted if wanted in SPANS else SPANS[0]
    dates = [date.today() - timedelta(ago) for ago in reversed(range(days))]
    counted = Totals({}, {}, [])
    if (served().home / FILE).exists():
        with open_ledger(served().home) as ledger:
            counted = totals(ledger, dates[0])
    by_platform = sorted(_rows(counted.platforms.items()), key=lambda row: (-row.seen, row.name))
    shield = served().shield
    folder = served().reloading.files.model_folder()
    result = json.loads(file.read_bytes()) if (file := folder / artefact.GATE).exists() else {}
    return render_template(
        "numbers.html",
        days=days,
        spans=SPANS,
        by_day=_rows((day.isoformat(), counted.days.get(day.isoformat(), Counter())) for day in dates),
        by_platform=by_platform,
        reasons=counted.reasons,
        bars=bars,
        columns=columns,
        every=max(1, days // _WRITTEN),
        counts=shield.counts,
        delay=_delay(list(shield.delays)),
        drifts=shield.drift.drifts,
        passed=served().passed(),
        policy=shield.judge.policy(),
        version=shield.judge.scorer.version,
        own=served().reloading.trained is not None,
        proved=result.get("gate"),
        measured=_measured(artefact.read_manifest(folder).get("metrics", {})),
    )


def _rows(counts: Iterable[tuple[str, Counter[str]]]) -> list[Row]:
    return [Row(name, of.total(), sum(of[action] for action in _TAKEN), of["review"]) for name, of in counts]


def _delay(seconds: list[float]) -> Delay | None:
    if not seconds:
        return None
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    return Delay(float(p50), float(p95), len(seconds))


def _measured(metrics: dict[str, dict[str, Any]]) -> list[tuple[str, str, int, float, float]]:
    """Source, kind, posts, and the shares removed and removed or unsure; sales posts first."""
    rows = [(*name.rsplit(" ", 1), of["rows"], of["removed"], of["reviewed"]) for name, of in metrics.items()]
    return sorted(rows, key=lambda row: (row[1] != "sales_spam", -row[2]))
