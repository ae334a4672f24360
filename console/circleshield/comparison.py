"""Two models side by side: figures on posts that neither learnt, and posts of the ledger whose verdict changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circleshield.home import open_ledger, settings_in_use
from circleshield.terminal import plain
from circleshield_addon import history
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.generic import GENERIC
from circleshield_addon.judge import Judge
from circleshield_addon.ledger import FILE
from circleshield_addon.settings import Settings
from circleshield_model.scorer import Scorer
from circleshield_training.gate import Contender, Judgement, judged
from circleshield_training.samples import Sample

_LISTED = 10  # posts of the ledger shown in words, of each kind
_NEWEST = 2000  # of the posts that were not simply kept: of the others the ledger has no text


@dataclass(frozen=True)
class Change:
    """One post that would be removed, or no longer be; the scores are of the two models."""

    entry: history.Entry
    removed: bool
    before: float
    now: float

    def __str__(self) -> str:
        what = "removed " if self.removed else "restored"
        who, text = plain(self.entry.author, 24), plain(self.entry.text or "", 120)
        return f"{what} {self.before:.2f} → {self.now:.2f}  {who}: {text}"

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        entry = self.entry
        post = {"platform": entry.platform, "post_id": entry.post_id, "author": entry.author, "text": entry.text}
        return {**post, "removed": self.removed, "before": round(self.before, 4), "now": round(self.now, 4)}


@dataclass(frozen=True)
class Comparison:
    """What the gate found, and the posts of the ledger whose verdict changes, newest first."""

    judgement: Judgement
    changes: list[Change]

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"gate": self.judgement.as_json(), "changes": [change.as_json() for change in self.changes]}

    def lines(self) -> Iterator[str]:
        """In words, a line each."""
        yield from map(str, self.judgement.findings)
        for text in self.judgement.broken:
            yield f"a plain case was judged rightly before and is not now: {text}"
        if self.judgement.doubtful:
            yield f"{len(self.judgement.doubtful)} labelled sales posts look like ordinary ones, such as"
            yield from (f"  {plain(text, 120)}" for text in self.judgement.doubtful[:_LISTED])
            yield "  look at these labels (circleshield samples list), or use --force if they are right"
        removed = [change for change in self.changes if change.removed]
        restored = [change for change in self.changes if not change.removed]
        yield f"of recent posts {len(removed)} would now be removed, {len(restored)} restored"
        for part in (removed, restored):
            yield from (f"  {change}" for change in part[:_LISTED])
            if len(part) > _LISTED:
                yield f"  and {len(part) - _LISTED} more"


def compared(home: Path, before: Contender, now: Contender, own: Sequence[Sample]) -> Comparison:
    """Compares two models on the user's labels, the project's posts and the ledger. InputError as `verdict_changes`."""
    return Comparison(judged(before, now, own), verdict_changes(home, before.scorer, now.scorer))


def verdict_changes(home: Path, before: Scorer, now: Scorer) -> list[Change]:
    """The newest posts of the ledger that the score decided on and whose verdict changes, newest first.

    The ledger does not say which of a platform's adapters read a post, and each may have a cut-off of its own: the
    verdict changes if it does for one of them. Empty where there is no ledger. InputError if it or the config file
    cannot be read.
    """
    if not (home / FILE).exists():
        return []
    settings = settings_in_use(home, None)
    with open_ledger(home) as ledger:
        entries = history.newest(ledger, history.Filter(action=history.NOT_KEPT), _NEWEST)
    entries = [entry for entry in entries if entry.text is not None and entry.by_score]
    verdicts = [_removed(model, settings, entries) for model in (before, now)]
    return [
        Change(entry, any(is_so and not was for was, is_so in zip(old[0], new[0], strict=True)), old[1], new[1])
        for entry, old, new in zip(entries, *verdicts, strict=True)
        if old[0] != new[0]
    ]


def _removed(model: Scorer, settings: Settings, entries: Sequence[history.Entry]) -> list[tuple[list[bool], float]]:
    """Whether each post is removed, by each adapter of its platform, and its score."""
    judge = Judge(model, settings)
    scores = model.scores([entry.text or "" for entry in entries]).tolist()
    return [
        (
            [
                score >= judge.policy(adapter.name, entry.device).remove_at
                for adapter in (*ADAPTERS, GENERIC)
                if adapter.platform == entry.platform
            ],
            score,
        )
        for entry, score in zip(entries, scores, strict=True)
    ]
