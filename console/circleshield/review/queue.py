"""The posts most worth a word from the user, one at a time: first those in between the cut-offs."""

from datetime import UTC, datetime
from os import SEEK_END

from flask import Blueprint, render_template

from circleshield.home import open_ledger
from circleshield.review.cards import cards
from circleshield.review.served import own_device, served
from circleshield_addon import history
from circleshield_addon.ledger import FILE
from circleshield_training import user_samples

NEXT_TRAINING = 20
"""So many new labels make a training worth its while: from about twenty on, a seller's style is learnt."""

_LOOKED_AT = 200  # the newest of each kind
_TAIL_BYTES = 200_000
_KINDS = (("review",), ("remove", "fold", "label", "watch"))

pages = Blueprint("queue", __name__)


@pages.get("/queue")
def queue() -> str:
    """The next post."""
    if not (served().home / FILE).exists():
        return render_template("queue.html", one=None, left=0, learnt=new_labels(), goal=NEXT_TRAINING)
    with open_ledger(served().home) as ledger:
        # first the unsure, then those that were acted on
        found = [history.least_certain(ledger, actions, own_device(), _LOOKED_AT) for actions in _KINDS]
        one = next(iter(cards(ledger, [entry for entry, _ in found if entry is not None][:1])), None)
        left = sum(count for _, count in found)
        return render_template("queue.html", one=one, left=left, learnt=new_labels(), goal=NEXT_TRAINING)


def new_labels() -> int:
    """The user's labels since the last training; as only the end of their file is read, of thousands fewer count."""
    trained = datetime.fromtimestamp(served().reloading.trained or 0, UTC).isoformat()
    with user_samples.opened(served().home) as file:
        if file is None:
            return 0
        file.seek(max(0, file.seek(0, SEEK_END) - _TAIL_BYTES))
        found = map(user_samples.parsed, file.read().splitlines())
    return len({record.post or record.sample.text for record in found if record is not None and record.time > trained})
