"""What was just done, said once on the next page, with the way back."""

from dataclasses import dataclass

from circleshield.review.served import served, session


@dataclass(frozen=True, slots=True)
class Notice:
    """`text` names what is said, of `count` posts or authors, `learnt` of them as samples.

    `undo` is where and what to send for `keys` to take it back; empty where that cannot be.
    """

    text: str
    count: int = 0
    learnt: int = 0
    undo: tuple[str, str] = ("", "")
    keys: tuple[str, ...] = ()


def leave(notice: Notice) -> None:
    """For the next page that who asks will see."""
    served().notices[session().id] = notice


def collect() -> Notice | None:
    """What was left for who asks; only once."""
    return served().notices.pop(session().id, None)
