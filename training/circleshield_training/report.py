"""The evaluation as one HTML file with its plots inside."""

import base64
import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader

from circleshield_model.errors import InputError
from circleshield_training.evaluate import Evaluation
from circleshield_training.measures import reliability


def write(found: Evaluation, folder: Path, title: str) -> Path:
    """Writes `report.html` into the folder and returns its path. InputError if matplotlib is not installed."""
    pages = Environment(loader=PackageLoader("circleshield_training", "pages"), autoescape=True)
    page = pages.get_template("report.html").render(title=title, found=found, plots=_plots(found))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def possible() -> bool:
    """Whether matplotlib, which plots are drawn with, is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def _plots(found: Evaluation) -> dict[str, str]:
    """PNG images as data URIs, by title."""
    try:
        from matplotlib.figure import Figure
    except ImportError as e:
        raise InputError("--report needs matplotlib: install circleshield[report]") from e
    from sklearn.metrics import precision_recall_curve

    def image(draw: Any) -> str:
        figure = Figure(figsize=(5, 4), layout="constrained")
        draw(figure.subplots())
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=110)
        return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()

    def precision_recall(axes: Any) -> None:
        precision, recall, _ = precision_recall_curve(found.spam, found.scores)
        axes.plot(recall, precision)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))

    def calibration(axes: Any) -> None:
        mean, share, count = reliability(found.scores, found.spam)
        axes.plot([0, 1], [0, 1], "--", color="grey")
        axes.plot(mean, share, "o-")
        for x, y, n in zip(mean, share, count, strict=True):
            axes.annotate(str(n), (x, y), fontsize=7)
        axes.set(xlabel="mean score", ylabel="share of sales spam")

    def histogram(axes: Any) -> None:
        bins = np.linspace(0, 1, 41).tolist()
        axes.hist([found.scores[~found.spam], found.scores[found.spam]], bins, label=["social", "sales spam"], log=True)
        axes.axvline(found.review_at, color="orange", label="review")
        axes.axvline(found.remove_at, color="red", label="remove")
        axes.set(xlabel="score", ylabel="posts")
        axes.legend()

    plots = {"Scores": image(histogram), "Reliability": image(calibration)}
    if found.spam.any() and not found.spam.all():
        plots = {"Precision and recall": image(precision_recall), **plots}
    return plots
