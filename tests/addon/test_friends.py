"""What is known of authors, and by how much it moves a score."""

from hypothesis import given
from hypothesis import strategies as st

from circleshield_addon.friends import WINDOW, Author, Friends, Past
from circleshield_addon.history import Filter, forget
from circleshield_addon.ledger import Ledger, Seen
from circleshield_addon.post import Action, Post, Verdict

USUAL = 0.02
NOW = 1_790_000_000_000
DAY = 86_400_000


def verdict(post: object, sales: bool | None = True, author: str = "7") -> Verdict:
    action: Action = "remove" if sales else "keep"
    return Verdict(Post(str(post), author, "n", f"text {post}", ad=False), 0.9, action, ("score",), sales=sales)


def record(ledger: Ledger, friends: Friends, *verdicts: Verdict, platform: str = "weibo", time: int = NOW) -> None:
    rows = ledger.rows([Seen(time, platform, "", verdicts)])
    ledger.write(rows)
    friends.saw(rows)


def past(friends: Friends, author: str = "7", post: str = "", platform: str = "weibo") -> Past | None:
    found = friends.author(platform, author)
    return None if found is None else found.past(post)


counts = st.integers(0, WINDOW).flatmap(lambda posts: st.tuples(st.integers(0, posts), st.just(posts)))


@given(counts, counts, st.floats(0.001, 0.5))
def test_the_shift_is_bounded_and_grows_with_sales_posts(
    verdicts: tuple[int, int], labels: tuple[int, int], usual: float
) -> None:
    shift = Past(*verdicts, *labels).shift(usual)
    assert -3.0 <= shift <= 4.5
    if verdicts[0] < verdicts[1]:
        assert Past(verdicts[0] + 1, verdicts[1], *labels).shift(usual) >= shift
    if labels[0] < labels[1]:
        assert Past(*verdicts, labels[0] + 1, labels[1]).shift(usual) >= shift


def test_how_far() -> None:
    assert Past(0, 0).shift(USUAL) == 0
    assert Past(1, 1).shift(USUAL) == 0, "one may be a mistake"
    assert 0.3 < Past(2, 40).shift(USUAL) < Past(2, 20).shift(USUAL) < 1.5
    assert Past(9, 9).shift(USUAL) == 1.5
    assert -0.3 < Past(0, 5).shift(USUAL) < 0
    assert Past(0, 100).shift(USUAL) == -0.5, "a friend may begin to sell"
    # Labels go against many more verdicts.
    assert Past(9, 9, 0, 2).shift(USUAL) < 0 < Past(0, 20, 1, 1).shift(USUAL)
    assert 2.0 < Past(0, 0, 3, 3).shift(USUAL) < 2.1
    assert Past(0, 0, 50, 50).shift(USUAL) == Past(9, 9, 50, 50).shift(USUAL) == 4.5
    assert Past(0, 0, 0, 50).shift(USUAL) == -3.0


def test_in_words() -> None:
    assert str(Past(7, 9)) == "7 of 9 earlier posts were sales"
    assert str(Past(4, 6, 3, 3)) == "7 of 9 earlier posts were sales, 3 of them labelled by you"


def test_a_post_counts_once_and_never_for_itself(ledger: Ledger) -> None:
    friends = Friends()
    for again in range(3):
        record(ledger, friends, verdict(1), verdict(2, False), time=NOW + again)
    assert past(friends) == Past(1, 2)
    assert past(friends, post="1") == Past(0, 1)
    assert past(friends, post="2") == Past(1, 1)
    record(ledger, friends, verdict(1, False))
    assert past(friends) == Past(0, 2)
    record(ledger, friends, verdict(1, None))
    assert past(friends) == Past(0, 1), "no longer judged"


def test_platforms_are_apart_and_nobody_has_no_history(ledger: Ledger) -> None:
    friends = Friends()
    record(ledger, friends, verdict(1), verdict(2, author=""))
    record(ledger, friends, verdict(1, False), platform="x")
    assert past(friends) == Past(1, 1)
    assert past(friends, platform="x") == Past(0, 1)
    ledger.label("weibo", "2", sales=True)
    friends.load(ledger)
    assert friends.author("weibo", "") is None


def test_the_newest_posts_count() -> None:
    author = Author()
    for number in range(WINDOW + 30):
        author.saw(str(number), sales=number < 40)
    assert author.past() == Past(10, WINDOW)


def test_loaded_it_is_as_it_was(ledger: Ledger) -> None:
    friends, loaded = Friends(), Friends()
    record(ledger, friends, *(verdict(n, n % 3 == 0, str(n % 5)) for n in range(60)))
    record(ledger, friends, verdict(3, False, "3"), verdict(100, None, "3"))
    loaded.load(ledger)
    pasts = [{entry[:2]: entry[2].past() for entry in known} for known in (friends, loaded)]
    assert pasts[0] == pasts[1]
    assert len(pasts[0]) == 5
    assert loaded.usual == friends.usual > USUAL


def test_what_is_forgotten_or_too_old_is_no_history(ledger: Ledger) -> None:
    friends = Friends()
    record(ledger, friends, verdict(1), verdict(2, author="8"))
    record(ledger, friends, verdict(3), time=NOW - 91 * DAY)
    forget(ledger, Filter(author="8"))
    ledger.prune(NOW - 90 * DAY, 100)
    friends.load(ledger)
    assert (past(friends), past(friends, "8")) == (Past(1, 1), None)


def test_labels(ledger: Ledger) -> None:
    friends = Friends()
    record(ledger, friends, verdict(1), verdict(2), verdict(3, False))
    ledger.choose_post("weibo", "1", "social", learnt=True)
    assert ledger.label("weibo", "3", sales=True)
    assert not ledger.label("weibo", "99", sales=True)
    friends.load(ledger)
    assert past(friends) == Past(1, 1, 1, 2), "what is labelled does not count by its verdict too"
    assert past(friends, post="3") == Past(1, 1, 0, 1)
    record(ledger, friends, verdict(1, False))
    assert past(friends) == Past(1, 1, 1, 2)
    forget(ledger, Filter())
    friends.load(ledger)
    assert past(friends) == Past(0, 0, 1, 2), "what the user said stays"
    ledger.unchoose_post("weibo", "1")
    assert ledger.unlabel("weibo", "3")
    assert not ledger.unlabel("weibo", "3")
    friends.load(ledger)
    assert past(friends) is None
    assert friends.usual == USUAL


def test_shields() -> None:
    author = Author()
    for number in range(3):
        author.saw(str(number), sales=True)
    assert [author.is_shielded(after) for after in (2, 3, 4, None)] == [True, True, False, False]
