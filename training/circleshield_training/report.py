"""An evaluation, or a training, as one HTML file with its plots inside."""

import base64
import importlib.util
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from jinja2 import Environment, PackageLoader
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from circleshield_model.errors import InputError
from circleshield_model.evidence import COLUMNS
from circleshield_model.private_file import write_private
from circleshield_training.evaluate import Costs, Evaluation, measured
from circleshield_training.features import strongest
from circleshield_training.fit import CurvePoint, Cutoffs, Trained
from circleshield_training.measures import Interval, recall_at, reliability
from circleshield_training.samples import Sample

FILE = "report.html"
_DRAWN = 5000  # posts of a source and label that figures are made from


class Learnt(NamedTuple):
    """Posts that a model learnt, with the scores (n,) of models that had not learnt them nor their like.

    `counts` are posts by source and label (ordinary, sales); there may be more than are in `samples`. `curve` are
    points of the learning curve, `held` the labels of the posts that they are measured on.
    """

    samples: Sequence[Sample]
    scores: NDArray[np.float64]
    counts: dict[str, tuple[int, int]]
    curve: tuple[CurvePoint, ...] = ()
    held: NDArray[np.bool_] = np.zeros(0, bool)

    @classmethod
    def all(cls, samples: Sequence[Sample], scores: NDArray[np.float64]) -> Self:
        """All of these samples."""
        counts: dict[str, tuple[int, int]] = {}
        for s in samples:
            social, spam = counts.get(s.source, (0, 0))
            counts[s.source] = (social + (not s.spam), spam + s.spam)
        return cls(samples, scores, counts)

    @classmethod
    def drawn(cls, made: Trained) -> Self:
        """A share of each source, drawn by chance where it is large; the scratch folder must still be there."""
        rng, posts, rows, counts = np.random.default_rng(0), made.posts, [], {}
        for i, name in enumerate(posts.sources):
            found = [np.flatnonzero((posts.source == i) & (posts.spam == spam)) for spam in (False, True)]
            counts[name] = (found[0].size, found[1].size)
            rows += [part if part.size <= _DRAWN else rng.choice(part, _DRAWN, replace=False) for part in found]
        chosen = np.sort(np.concatenate(rows))
        samples = [
            Sample(text, bool(posts.spam[row]), posts.languages[posts.lang[row]], posts.sources[posts.source[row]])
            for row, text in posts.texts(chosen).items()
        ]
        return cls(samples, made.honest[chosen], counts, made.curve, posts.spam[made.held])


class Flip(NamedTuple):
    """A recent post whose verdict changes: whether it would now be removed, its scores before and now, who, what."""

    removed: bool
    before: float
    now: float
    author: str
    text: str


def write(found: Evaluation, folder: Path, title: str) -> Path:
    """Writes `report.html`, which quotes posts, for its owner alone into the folder, and returns its path.

    Raises InputError if matplotlib is not installed, or the file cannot be written.
    """
    path = folder / FILE
    page = _page(title, found, _plots(found)).encode("utf-8", "replace")
    try:
        write_private(path, page)
    except OSError as e:
        raise InputError(f"{path}: cannot be written: {e.strerror}") from e
    return path


def of_training(
    pipeline: Pipeline, facts: dict[str, Any], learnt: Learnt, findings: Sequence[str], flips: Sequence[Flip]
) -> str:
    """The page on one training: figures and plots, what the gate found, what it learnt from and what it goes by."""
    found = measured(learnt.samples, learnt.scores, Cutoffs(facts["remove_at"], facts["review_at"]), Costs())
    plots = _plots(found)
    curve = _curve(learnt)
    if curve:
        plots["Learning curve"] = _image(lambda axes: _draw_curve(axes, curve))
    evidence, decide = (pipeline.named_steps[name] for name in ("evidence", "decide"))
    rng = np.random.default_rng(0)
    some = rng.choice(len(learnt.samples), min(_DRAWN, len(learnt.samples)), replace=False)
    features = strongest(evidence.weights_, evidence.step_, [learnt.samples[i].text for i in some.tolist()])
    columns = sorted(zip(COLUMNS, decide.coef_[0].tolist(), strict=True), key=lambda each: -abs(each[1]))
    data = {name: facts[name] for name in ("rows", "fingerprint", "base", "seed", "regularisation") if name in facts}
    return _page(
        "Training of a circleshield model",
        found,
        plots,
        training={
            "findings": findings, "flips": flips, "features": features, "columns": columns, "data": data,
            "counts": sorted(learnt.counts.items()), "curve": curve,
        },
    )  # fmt: skip


def _page(title: str, found: Evaluation, plots: dict[str, str], training: dict[str, Any] | None = None) -> str:
    pages = Environment(loader=PackageLoader("circleshield_training", "pages"), autoescape=True)
    return pages.get_template("report.html").render(title=title, found=found, plots=plots, training=training)


def _curve(learnt: Learnt) -> list[tuple[int, Interval]]:
    """Posts learnt from, and the recall at 0.5 % false positives that they brought."""
    spam = learnt.held
    if not spam.any() or spam.all():
        return []
    return [(point.posts, recall_at(point.scores[spam], point.scores[~spam], 0.005)) for point in learnt.curve]


def _draw_curve(axes: Any, curve: list[tuple[int, Interval]]) -> None:
    posts = [posts for posts, _ in curve]
    recall = np.array([interval for _, interval in curve])
    axes.errorbar(posts, recall[:, 0], np.abs(recall[:, 1:].T - recall[:, 0]).clip(0), fmt="o-", capsize=3)
    axes.set(xscale="log", xlabel="posts learnt from", ylabel="recall at 0.5 % false positives", ylim=(0, 1.02))


def possible() -> bool:
    """Whether matplotlib, which plots are drawn with, is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def _plots(found: Evaluation) -> dict[str, str]:
    """PNG images as data URIs, by title."""
    from sklearn.metrics import precision_recall_curve

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

    plots = {"Scores": _image(histogram), "Reliability": _image(calibration)}
    if found.spam.any() and not found.spam.all():
        plots = {"Precision and recall": _image(precision_recall), **plots}
    return plots


def _image(draw: Callable[[Any], None]) -> str:
    """A PNG image as data URI."""
    try:
        from matplotlib.figure import Figure
    except ImportError as e:
        raise InputError("the report needs matplotlib: install circleshield[report]") from e
    figure = Figure(figsize=(5, 4), layout="constrained")
    draw(figure.subplots())
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
