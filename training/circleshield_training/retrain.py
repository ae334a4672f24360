"""A new model from what the user labelled, ready for the gate: the packaged one corrected, or one made from nothing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_training import fit
from circleshield_training.adapt import Progress, adapted
from circleshield_training.gate import Contender
from circleshield_training.mixing import is_users
from circleshield_training.samples import Sample, read_seed
from circleshield_training.user_samples import keys
from circleshield_training.write import read_pipeline, scorer_of

_FEW = 10  # labels below which figures on them mean nothing


class Data(NamedTuple):
    """What is learnt: each text once. `notes` say in words what a person should know about it."""

    samples: list[Sample]
    notes: list[str]


class Candidate(NamedTuple):
    """A model that is not written yet."""

    pipeline: Pipeline
    facts: dict[str, Any]
    contender: Contender


def gathered(own: Sequence[Sample], given: Sequence[Sample]) -> Data:
    """The user's labels and those of the files given, a text once: the user's label counts, then the first."""
    samples = [*own, *given]
    found = keys([s.text for s in samples]).tolist()
    first: dict[int, Sample] = {}
    contradicting = 0
    for key, sample in zip(found, samples, strict=True):
        contradicting += first.setdefault(key, sample).spam != sample.spam
    kept = list(first.values())
    notes = []
    if len(kept) < len(samples):
        notes.append(f"{len(samples):,} posts are {len(kept):,} different ones; each is learnt once")
    if contradicting:
        notes.append(f"{contradicting:,} posts have both labels; your own counts, or else the first")
    labels = {s.spam for s in kept}
    if len(labels) == 1:
        which, other = ("sales", "ordinary") if labels == {True} else ("ordinary", "sales")
        notes.append(f"all labels are of {which} posts; some of {other} posts would make it safer")
    if 0 < len(kept) < _FEW:
        notes.append(f"{len(kept)} labelled posts are few: expect little")
    return Data(kept, notes)


def corrected(samples: Sequence[Sample], progress: Progress) -> Candidate:
    """The packaged model corrected by samples. InputError if there are none, and as `adapt.adapted`."""
    if not samples:
        raise InputError(
            "nothing to learn: there are no labelled posts; label some with `circleshield label` or `circleshield "
            "samples add`, or name a file"
        )
    ballast = read_seed()
    base = artefact.read_manifest(artefact.PACKAGED)
    honest = Contender.load(artefact.PACKAGED).scores([s.text for s in ballast])
    made = adapted(read_pipeline(), samples, ballast, honest, progress)
    facts = {
        **{name: base[name] for name in ("remove_at", "review_at")},
        "base": base["version"],
        "rows": _rows(samples),
        "fingerprint": fit.fingerprint(samples),
    }
    texts = [s.text for s in (*ballast, *samples)]  # the user's own last: what both have counts as the user's
    scores = [*made.ballast.tolist(), *made.own.tolist()]
    return _candidate(made.pipeline, facts, dict(zip(keys(texts).tolist(), scores, strict=True)))


def from_nothing(samples: Sequence[Sample], seed: int, say: Callable[[str], None]) -> Candidate:
    """A model from the project's own posts and samples alone. InputError as `fit.train`."""
    made = fit.train([*read_seed(), *samples], seed, say)
    found = keys([s.text for s in made.samples]).tolist()
    return _candidate(made.pipeline, made.facts, dict(zip(found, made.honest.tolist(), strict=True)))


def _candidate(pipeline: Pipeline, facts: dict[str, Any], held_out: dict[int, float]) -> Candidate:
    return Candidate(pipeline, facts, Contender(scorer_of(pipeline, facts), held_out))


def _rows(samples: Sequence[Sample]) -> dict[str, int]:
    return {
        "social": sum(not s.spam for s in samples),
        "sales_spam": sum(s.spam for s in samples),
        "of the user's": sum(map(is_users, samples)),
    }
