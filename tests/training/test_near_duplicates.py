"""Posts that are nearly the same share a group."""

import random

from circleshield_training.attacks import DISGUISES
from circleshield_training.near_duplicates import near_duplicates
from circleshield_training.samples import read_seed

LONG = "招代理一件代发，加微信领价目表，今天的名额还剩三个，想做的姐妹抓紧时间"


def test_what_is_alike_shares_a_group_and_nothing_else_does() -> None:
    texts = [
        LONG,
        LONG + "！！",
        LONG.replace("姐妹", "宝妈"),
        "今天吃了火锅",
        "",
        "周末一起去爬山吧",
        "好",
        "好",
        "困",
    ]
    group = near_duplicates(texts).tolist()
    assert group[0] == group[1] == group[2]
    assert group[6] == group[7]
    assert len(set(group)) == 6


def test_a_disguise_makes_no_other_post() -> None:
    for name in ("zero-width", "dots", "emoji", "traditional"):
        group = near_duplicates([LONG, DISGUISES[name](LONG, random.Random(0))])
        assert group[0] == group[1], name


def test_the_seed_has_hardly_any() -> None:
    texts = [s.text for s in read_seed()]
    assert len(set(near_duplicates(texts).tolist())) > 0.97 * len(texts)
    assert near_duplicates([]).size == 0
