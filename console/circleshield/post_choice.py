"""What the user says of one post: whether it shows from the next load on, and what is learnt from it."""

from pathlib import Path
from typing import TYPE_CHECKING

from circleshield import user_samples

if TYPE_CHECKING:
    from circleshield_addon.choices import PostChoice
    from circleshield_addon.history import Entry
    from circleshield_addon.ledger import Ledger

LABELS: dict["PostChoice", str] = {"social": "social", "spam": "sales_spam"}


def choose(home: Path, ledger: "Ledger", entry: "Entry", choice: "PostChoice", learn: bool = True) -> bool:
    """Makes a choice about a post, in place of one made before. Whether it is a sample now.

    `social` shows it again and `spam` takes it out; both are learnt from, where the text is kept and with `learn`.
    `unsure` does neither.
    """
    key = f"{entry.platform}:{entry.post_id}"
    user_samples.remove(home, key)
    learnt = False
    if learn and choice in LABELS and entry.text is not None:
        user_samples.add(home, key, entry.text, LABELS[choice], f"{entry.platform}:{entry.author_id}")
        learnt = True
    ledger.choose_post(entry.platform, entry.post_id, choice, learnt)
    return learnt


def undo(home: Path, ledger: "Ledger", platform: str, post_id: str) -> bool:
    """Leaves a post to the filter again. Whether a sample is forgotten."""
    ledger.unchoose_post(platform, post_id)
    return user_samples.remove(home, f"{platform}:{post_id}")
