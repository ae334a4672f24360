"""What the user says of one post: whether it shows from the next load on, and what is learnt from it."""

from pathlib import Path
from typing import TYPE_CHECKING

from circleshield_training import user_samples

if TYPE_CHECKING:
    from circleshield_addon.choices import PostChoice
    from circleshield_addon.history import Entry
    from circleshield_addon.ledger import Ledger

_LABELS: dict["PostChoice", str] = {"social": "social", "spam": "sales_spam"}


def choose(home: Path, ledger: "Ledger", entry: "Entry", choice: "PostChoice", learn: bool = True) -> bool:
    """Makes a choice about a post, in place of one made before. Whether it is a sample now.

    `social` shows it again and `spam` takes it out; both are learnt from, where the text is kept and with `learn`.
    `unsure` does neither.
    """
    with ledger.transaction():  # if the samples cannot be written, nothing is chosen either
        _undone(home, ledger, entry.platform, entry.post_id)
        learnt = learn and choice in _LABELS and entry.text is not None
        ledger.choose_post(entry.platform, entry.post_id, choice, learnt)
        if learnt and entry.text is not None:
            key, author = f"{entry.platform}:{entry.post_id}", f"{entry.platform}:{entry.author_id}"
            user_samples.add(home, key, entry.text, _LABELS[choice], author)
    return learnt


def undo(home: Path, ledger: "Ledger", platform: str, post_id: str) -> bool:
    """Leaves a post to the filter again. Whether a sample is forgotten."""
    with ledger.transaction():
        return _undone(home, ledger, platform, post_id)


def _undone(home: Path, ledger: "Ledger", platform: str, post_id: str) -> bool:
    before = ledger.unchoose_post(platform, post_id)
    return before in _LABELS and user_samples.remove(home, f"{platform}:{post_id}", _LABELS[before])
