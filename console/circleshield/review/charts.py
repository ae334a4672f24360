"""Charts as SVG inside the page, drawn by pygal, less the styles and scripts that the policy of the page forbids.

Colours and sizes of letters are in `review.css`.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import pygal
from markupsafe import Markup
from pygal.style import Style

_STYLE = Style(label_font_size=13, major_label_font_size=13, legend_font_size=14)
_LEFT_OUT = ("defs", "desc", "title")
_OVERLAYS = ("tooltip-overlay", "text-overlay")


def shares(values: Sequence[float | None], label: str) -> Markup:
    """Small bars without any writing: shares from 0 to 1, None where there is none. `label` says what they are."""
    chart = _chart(pygal.Bar, width=180, height=36, margin=0, spacing=0, range=(0, 1), show_y_labels=False)
    chart.add("", values)
    return _drawn(chart, label, "small")


def columns(names: Sequence[str], series: dict[str, Sequence[int]], label: str, every: int = 1) -> Markup:
    """A column for each name, made of the series; every so many of the names are written."""
    options = {"show_minor_x_labels": False, "x_labels_major": list(names)[::every]}
    return _stacked(pygal.StackedBar, names, series, label, height=240, **options)


def bars(names: Sequence[str], series: dict[str, Sequence[int]], label: str) -> Markup:
    """The same lying, the first name on top: there is room for long names."""
    upwards = {name: values[::-1] for name, values in series.items()}
    return _stacked(pygal.HorizontalStackedBar, names[::-1], upwards, label, height=72 + 28 * len(names))


def _stacked(kind: Any, names: Sequence[str], series: dict[str, Sequence[int]], label: str, **options: Any) -> Markup:
    chart = _chart(
        kind,
        width=480,
        margin=8,
        spacing=6,
        show_legend=len(series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(series),
        truncate_label=-1,
        x_labels=list(names),
        formatter=lambda number: f"{number:,.0f}",
        show_x_labels=True,
        max_scale=5,
        **options,
    )
    for name, values in series.items():
        chart.add(name, list(values))
    return _drawn(chart, label, "large")


def _chart(kind: Any, **options: Any) -> Any:
    own = {"show_legend": False, "show_x_labels": False, **options}
    return kind(style=_STYLE, js=(), css=(), classes=(), **own)


def _drawn(chart: Any, label: str, size: str) -> Markup:
    root = chart.render_tree()
    _strip(root)
    root.attrib.pop("id", None)
    root.attrib.update({"role": "img", "aria-label": label, "class": f"chart {size}"})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _strip(element: Any) -> None:
    for child in list(element):
        named = child.get("class") or ""
        if not isinstance(child.tag, str) or child.tag in _LEFT_OUT or any(name in named for name in _OVERLAYS):
            element.remove(child)
        else:
            _strip(child)
