"""A new model from what the user labelled, ready for the gate: the packaged one corrected, or one made from nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched, chain, compress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_training import fit
from circleshield_training.adapt import MOST, adapted, check_size
from circleshield_training.gate import Contender
from circleshield_training.mixing import is_users
from circleshield_training.report import Learnt
from circleshield_training.runs import Progress
from circleshield_training.samples import Sample, read_seed
from circleshield_training.user_samples import keys
from circleshield_training.write import read_pipeline, scorer_of

_FEW = 10  # labels below which figures on them mean nothing
_BATCH = 1000  # texts whose keys are worked out at a time


@dataclass(frozen=True)
class Different:
    """What is learnt: each text once. It is read anew whenever it is gone through."""

    read: Callable[[], Iterator[Sample]]
    kept: NDArray[np.bool_]

    def __iter__(self) -> Iterator[Sample]:
        return compress(self.read(), self.kept)

    def __len__(self) -> int:
        return int(self.kept.sum())


class Data(NamedTuple):
    """What is learnt. `notes` say in words what a person should know about it."""

    samples: Different
    notes: list[str]


class Candidate(NamedTuple):
    """A model that is not written yet, and what its report is made from."""

    pipeline: Pipeline
    facts: dict[str, Any]
    contender: Contender
    learnt: Learnt


def gathered(read: Callable[[], Iterator[Sample]]) -> Data:
    """The samples that `read` begins anew to read, a text once: the first counts, so the user's own should come first.

    Of each some ten bytes are held in memory.
    """
    found, spam = [np.empty(0, np.uint64)], [np.empty(0, bool)]
    for batch in batched(read(), _BATCH):
        found.append(keys([s.text for s in batch]))
        spam.append(np.array([s.spam for s in batch], bool))
    labels = np.concatenate(spam)
    _, first, place = np.unique(np.concatenate(found), return_index=True, return_inverse=True)
    kept = np.zeros(labels.size, bool)
    kept[first] = True
    notes = []
    if first.size < labels.size:
        notes.append(f"{labels.size:,} posts are {first.size:,} different ones; each is learnt once")
    contradicting = np.count_nonzero(labels != labels[first[place]])
    if contradicting:
        notes.append(f"{contradicting:,} posts have both labels; your own counts, or else the first")
    kinds = set(labels[kept].tolist())
    if len(kinds) == 1:
        which, other = ("sales", "ordinary") if kinds == {True} else ("ordinary", "sales")
        notes.append(f"all labels are of {which} posts; some of {other} posts would make it safer")
    if 0 < first.size < _FEW:
        notes.append(f"{first.size} labelled posts are few: expect little")
    return Data(Different(read, kept), notes)


def corrected(samples: Different, progress: Progress) -> Candidate:
    """The packaged model corrected by samples. InputError if there are none, and as `adapt.adapted`."""
    if not len(samples):
        raise InputError(
            "nothing to learn: there are no labelled posts; label some with `circleshield label` or "
            "`circleshield samples add`, or name a file"
        )
    check_size(len(samples))
    own, ballast = list(samples), read_seed()
    base = artefact.read_manifest(artefact.PACKAGED)
    honest = Contender.load(artefact.PACKAGED).scores([s.text for s in ballast])
    made = adapted(read_pipeline(), own, ballast, honest, progress)
    facts = {
        **{name: base[name] for name in ("remove_at", "review_at")},
        "base": base["version"],
        "rows": _rows(own),
        "fingerprint": fit.fingerprint(own),
    }
    everything = [*ballast, *own]  # the user's own last: what both have counts as the user's
    scores = np.concatenate([made.ballast, made.own])
    held_out = dict(zip(keys([s.text for s in everything]).tolist(), scores.tolist(), strict=True))
    return _candidate(made.pipeline, facts, held_out, Learnt.all(everything, scores))


def from_nothing(
    samples: Different, seed: int, folder: Path, say: Callable[[str], None], progress: Progress, curve: bool
) -> Candidate:
    """A model from the project's own posts and samples alone, by way of a scratch folder. InputError as `fit.train`."""
    made = fit.train(chain(read_seed(), samples), seed, folder, say, progress, curve)
    seed_posts = np.array([name == "seed" for name in made.posts.sources])[made.posts.source]
    rows = np.concatenate((np.flatnonzero(seed_posts), np.flatnonzero(~seed_posts)[:MOST]))
    held_out: dict[int, float] = {}
    for i in range(0, rows.size, _BATCH):
        part = rows[i : i + _BATCH]
        found = keys(list(made.posts.texts(part).values())).tolist()
        held_out.update(zip(found, made.honest[part].tolist(), strict=True))
    return _candidate(made.pipeline, made.facts, held_out, Learnt.drawn(made))


def _candidate(pipeline: Pipeline, facts: dict[str, Any], held_out: dict[int, float], learnt: Learnt) -> Candidate:
    return Candidate(pipeline, facts, Contender(scorer_of(pipeline, facts), held_out), learnt)


def _rows(samples: Sequence[Sample]) -> dict[str, int]:
    return {
        "social": sum(not s.spam for s in samples),
        "sales_spam": sum(s.spam for s in samples),
        "of the user's": sum(map(is_users, samples)),
    }
