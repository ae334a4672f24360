"""The posts most worth a word from the user, one at a time: first those in between the cut-offs."""

from itertools import chain

from flask import Blueprint, render_template

from circleshield.home import open_ledger
from circleshield.review.cards import cards
from circleshield.review.served import own_device, served
from circleshield_addon import history
from circleshield_addon.history import Entry
from circleshield_addon.ledger import FILE, Ledger

NEXT_TRAINING = 20
"""So many new labels make a training worth its while: from about twenty on, a seller's style is learnt."""

_LOOKED_AT = 200  # the newest of each kind
_KINDS = (("review",), ("remove", "fold", "label", "watch"))

pages = Blueprint("queue", __name__)


@pages.get("/queue")
def queue() -> str:
    """The next post."""
    if not (served().home / FILE).exists():
        return render_template("queue.html", one=None, left=0, learnt=0, goal=NEXT_TRAINING)
    with open_ledger(served().home) as ledger:
        waiting = _waiting(ledger)
        learnt = history.learnt_since(ledger, 0)
        one = next(iter(cards(ledger, waiting[:1])), None)
        return render_template("queue.html", one=one, left=len(waiting), learnt=learnt, goal=NEXT_TRAINING)


def _waiting(ledger: Ledger) -> list[Entry]:
    """The newest posts not judged yet: the unsure, then those that were acted on, the least certain of each first."""
    found = (history.unjudged(ledger, actions, own_device(), _LOOKED_AT) for actions in _KINDS)
    return list(chain.from_iterable(sorted(some, key=lambda entry: abs(entry.score - 0.5)) for some in found))
