"""The cut-offs and what they cost as a picture: SVG, PNG, or an HTML page with it inside."""

import io
from pathlib import Path
from typing import Any

from jinja2 import Environment

from circleshield_model.errors import InputError
from circleshield_training.cutoffs import Choice, Outcome, Tuning

_TICKS = (0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
FORMATS = (".html", ".svg", ".png")

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{ title }}</title>
<style>body { font: 16px/1.5 sans-serif; margin: 2em auto; max-width: 50em; padding: 0 1em } svg { width: 100% }</style>
<h1>{{ title }}</h1>
{% for line in lines %}<p>{{ line }}</p>
{% endfor %}{{ picture | safe }}
</html>
"""


def write_plot(tuning: Tuning, file: Path, lines: list[str]) -> None:
    """Draws what is known of a week, otherwise of the labelled posts; `lines` go into the page.

    InputError for another ending than `FORMATS`, without matplotlib, or where the file cannot be written.
    """
    form = file.suffix.lower()
    if form not in FORMATS:
        raise InputError(f"{file}: a plot is written as {', '.join(FORMATS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError as e:
        raise InputError("--plot needs matplotlib: install circleshield[report]") from e
    figure = Figure(figsize=(8, 7), layout="constrained")
    counts, cost = figure.subplots(2, 1, sharex=True)
    weekly = tuning.choices[0].weekly is not None
    choices = [choice for choice in tuning.choices if 0 < choice.cut < 1]
    for name in Outcome._fields:
        (cost if name == "cost" else counts).plot(
            [choice.cut for choice in choices], [getattr(_outcome(choice), name) for choice in choices], label=name
        )
    for axes in (counts, cost):
        axes.axvline(tuning.now, color="grey", linestyle="--", label="now")
        axes.axvline(tuning.cheapest, color="black", linestyle=":", label="cheapest")
        axes.legend()
    counts.set_yscale("symlog", linthresh=1)
    counts.set_ylim(bottom=0)
    counts.set_ylabel("posts a week" if weekly else "labelled posts")
    cost.set(xlabel=tuning.which, ylabel="cost a week" if weekly else "cost", xscale="logit")
    cost.set_ylim(bottom=0)
    cost.set_xticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    cost.minorticks_off()
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png" if form == ".png" else "svg", dpi=110)
    data = drawn.getvalue()
    if form == ".html":
        picture = data.decode()
        page = Environment(autoescape=True).from_string(_PAGE)
        title = f"circleshield: what {tuning.which} costs"
        data = page.render(title=title, lines=lines, picture=picture[picture.index("<svg") :]).encode()
    try:
        file.write_bytes(data)
    except OSError as e:
        raise InputError(f"{file}: cannot be written: {e.strerror}") from e


def _outcome(choice: Choice) -> Any:
    return choice.weekly or choice.labelled
