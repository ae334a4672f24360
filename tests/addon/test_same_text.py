"""The same advertisement from many accounts, and what only looks like it."""

from collections.abc import Sequence
from math import exp, log

import pytest

from circleshield_addon import same_text
from circleshield_addon.judge import Judge
from circleshield_addon.post import Post, Verdict
from circleshield_addon.same_text import SameText, Words, same_text_shift
from circleshield_addon.settings import Filter, Settings
from circleshield_model.scorer import Scorer

SCORER = Scorer.load()
AD = "代购最后两天，要的姐妹赶紧报名，面霜和面膜都还有，周日回国统一发货，联系 {} 报名"
VARIANTS = (
    AD.format("qj88201"),
    AD.format("qj 77310"),
    AD.format("ab99120").replace("，", " ，✨ "),
    "💕" + AD.format("zz10088").replace("面膜", "面·膜"),
    AD.format("kk55555") + "！！！",
)
# Chain letters, shared notices, lyrics (our own): what goes round word by word and sells nothing.
GOES_ROUND = (
    "转发这条锦鲤，接下来一个月好运不断，别断在你这里，转给十个朋友",
    "收到请转发：明天全市停水检修，早上八点到晚上六点，请提前储水，转给身边的家人朋友",
    "紧急寻人：本小区一位老人今早走失，身穿蓝色外套，有线索请联系物业，扩散",
    "今天是世界微笑日，把这个微笑传给十个你在乎的人，不要断，心诚则灵",
    "今晚到明天我市有大到暴雨，请大家减少外出，注意安全，转告亲友",
    "河水带走了夏天的船，我在对岸数着灯，一盏是你，一盏是归途",
    "Please share: the footbridge on Mill Lane is closed all week, use the lower path with the kids",
    "If you believe in kindness copy this to your wall and pass it on to ten friends tonight",
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def posts(texts: Sequence[str], authors: Sequence[str] | None = None, own: str | None = None) -> list[Post]:
    names = authors or [f"a{n}" for n in range(len(texts))]
    return [
        Post(f"{name}-{n}", name, name, text, False, own)
        for n, (name, text) in enumerate(zip(names, texts, strict=True))
    ]


def counted(same: SameText, shown: Sequence[Post], score: float = 0.9) -> list[int | None]:
    found = same.others("weibo", shown, [score] * len(shown), 0.9, Words())
    return [found.get(post.key) for post in shown]


def test_disguises_numbers_and_signs_do_not_matter() -> None:
    assert counted(SameText(), posts(VARIANTS)) == [4] * 5


def test_other_texts_do() -> None:
    other = "这几天在老家带娃，妈妈做的糖醋鱼吃了三顿，周末回城，门口的桂花都开了"
    assert (
        counted(
            SameText(),
            posts(
                (VARIANTS[0], other, AD.replace("面霜", "奶粉") + "另外还有手表首饰鞋子包包可以带，也可以帮忙寄到家里")
            ),
        )[1]
        == 0
    )


def test_half_the_same_is_another_text() -> None:
    common = "今天和家人去了城南的老公园，荷花开得正好，孩子在亭子里追蜻蜓"
    halves = (
        "晚上回来包了三鲜馅的饺子吃得很饱",
        "路上堵车两小时听完了整张旧唱片",
        "顺便给外婆送去新做的棉布围裙",
        "傍晚在河堤看见有人放很大的风筝",
    )
    assert counted(SameText(), posts([f"{common}，{half}，{half[::-1]}" for half in halves])) == [0] * 4


def test_one_author_again_and_again_is_one_account() -> None:
    assert counted(SameText(), posts(VARIANTS, ["a", "a", "a", "b", "a"])) == [1, 1, 1, 1, 1]


def test_a_post_seen_again_counts_once() -> None:
    same = SameText()
    for _ in range(3):
        assert counted(same, posts(VARIANTS[:3])) == [2] * 3


def test_a_post_that_was_edited_is_looked_at_anew() -> None:
    same = SameText()
    shown = posts(VARIANTS[:3])
    counted(same, shown)
    edited = Post(shown[0].id, "a0", "a0", "今天和老同学见面，聊到很晚，约好明年春天一起去看花", False)
    assert counted(same, [edited, *shown[1:]]) == [0, 1, 1]


@pytest.mark.parametrize("own", ["转发微博", "//@小店:" + VARIANTS[0], "RT @shop: " + VARIANTS[0], ""])
def test_reposts_of_one_original_are_not_accounts(own: str) -> None:
    shown = posts([f"{own}\n{VARIANTS[0]}"] * 6, own=own)
    assert set(counted(SameText(), shown)) == {None}


def test_below_the_floor_short_or_of_nobody_it_is_not_looked_at() -> None:
    same = SameText()
    assert counted(same, posts(VARIANTS), score=0.89) == [None] * 5
    assert counted(same, posts(["要的找我拿货，加微信"] * 5)) == [None] * 5
    assert counted(same, posts(["好" * 40] * 5)) == [None] * 5
    assert counted(same, posts(VARIANTS, [""] * 5)) == [None] * 5


def test_after_a_week_it_is_forgotten() -> None:
    clock = Clock()
    same = SameText(clock)
    counted(same, posts(VARIANTS[:4]))
    clock.now = 7 * 86_400 + 1
    assert counted(same, posts(VARIANTS[4:], ["late"])) == [0]


def test_it_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_text, "_REMEMBERED", 3)
    same = SameText()
    assert counted(same, posts(VARIANTS))[-1] == 2
    assert len(same._entries) == len(same._of_post) == 3


def test_how_far() -> None:
    assert [same_text_shift(others) for others in (0, 1, 2, 4, 1000)] == [0, 0, 1.0, 2.0, 2.0]


def _verdicts(text: str, accounts: int, settings: Settings) -> list[Verdict]:
    return Judge(SCORER, settings).verdicts(posts([text] * accounts), "weibo_web")


def test_it_raises_the_score_and_says_so() -> None:
    score = float(SCORER.scores([VARIANTS[0]])[0])
    cut_off = 1 / (1 + exp(-log(score / (1 - score)) - 1.2))  # more than two other accounts are needed
    settings = Settings(filter=Filter(remove_at=cut_off, review_at=0.5))
    assert {v.action for v in _verdicts(VARIANTS[0], 3, settings)} == {"review"}
    verdict = _verdicts(VARIANTS[0], 4, settings)[0]
    assert verdict.action == "remove"
    assert verdict.score > cut_off > score
    assert verdict.rules == (
        f"score {verdict.score:.2f} ≥ {cut_off:.2f} (text {score:.2f})",
        "the same text from 3 other accounts +1.5",
    )
    assert not verdict.sales, "the text alone is none, whatever others write"


@pytest.mark.parametrize("text", GOES_ROUND)
def test_what_goes_round_is_not_hurt(text: str) -> None:
    (score,) = SCORER.scores([text])
    verdicts = _verdicts(text, 50, Settings())
    assert {(v.score, v.moved) for v in verdicts} == {(score, False)}
    assert not {v.action for v in verdicts} - {"keep", "review"}
