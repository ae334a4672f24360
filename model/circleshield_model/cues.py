"""Cues with names that people understand: phrases of the trade, counted per post.

A phrase is one to three units: ideographs, words, `0` for any number. Those of three are met in any spelling that
sounds alike; shorter ones must be written so, as too much that is innocent sounds like them.
"""

from bisect import bisect_right
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model.ngrams import ORDERS, hash_rows
from circleshield_model.normalise import Units, units
from circleshield_model.traits import array

PHRASES = {
    "contact": (
        "微信 加微 加我 私信 私聊 私我 找我 扣扣 联系我 咨询 客服 二维码 加群 进群 详聊 滴滴我 戳我 同微信 加好友"
        "|dm me|inbox me|message me|whatsapp|telegram|wechat|text me|call me on|contact me|pm me|link in bio|link below"
        "|email me"
    ),
    "price": (
        "0元 0块 元0 包邮 券后 原价 特价 半价 批发价 优惠 优惠券 折扣 秒杀价 到手价 批发 零售 免费领 第二件 买一送"
        " 满减|0 off|free shipping|half price|discount|promo code|price list|wholesale|best price|deal"
    ),
    "call to action": (
        "下单 抢购 领取 点击 速来 报名 预约 扫码 来找我 拍下 复制 打开 抓紧 快来 了解下 想要的 需要的 扣一 关注我"
        " 囤货|order now|sign up|click here|click on|subscribe|check out|check my|swipe up|shop now|book now|get yours"
        "|join us|visit my|follow me|my channel|my page|my video|my music|vote for"
    ),
    "recruiting": (
        "代理 招代理 加盟 兼职 合伙人 招募 零投资 代发 货源 宝妈 微商 创业 招商 拿货 囤货 入职 徒弟 放单 带你 门槛"
        " 副业|join my team|my team|work from home|from home|be your own|own boss|side hustle|hiring|recruit"
        "|agents wanted"
    ),
    "urgency": (
        "限时 秒杀 仅剩 最后 手慢无 倒计时 名额 限量 活动 截止 现货 断货 补货 新款 上新 首发 爆款"
        "|limited|last chance|hurry|only 0 left|ends tonight|spots left|going fast|selling out|in stock|restock"
    ),
    "income": (
        "赚钱 收入 到账 佣金 日结 月入 提现 收款 返利 工资 盈利 稳赚 躺赚 零花钱 结算 收益 红利 财富"
        "|earn|income|profit|cash|paid daily|per day|a week|commission|passive income|crypto|bitcoin|forex"
        "|financial freedom"
    ),
    "goods": (
        "面膜 口红 护肤 减肥 瘦身 祛斑 美白 奶粉 包包 精华 眼霜 丰胸 私处 套餐 正品 专柜 代购 燕窝 保健 酵素 减脂"
        " 祛痘 疗程 反馈 顾客 客户 回购 厂家 发货 茶叶 翡翠 手表 鞋子 尺码 颜色 妇科 增大 延时 产品 品牌"
        "|skincare|shakes|supplements|collagen|leggings|serum|followers|mixtape|giveaway|clients|customers|parcels"
        "|orders"
    ),
}
NAMES = tuple(PHRASES)


class _Lexicon(NamedTuple):
    """The phrases of one order of n-grams, by its number."""

    order: int
    units: int
    cues: dict[int, int]  # by hash
    maybe: NDArray[np.bool_]  # by the upper 16 bits of a hash: is there any phrase like this?


_ORDER_FOR = {1: ("glyph", 1), 2: ("glyph", 2), 3: ("sound", 3)}
_LOW = array(48)


@cache
def _lexicons() -> tuple[_Lexicon, ...]:
    listed = [
        (phrase, cue)
        for cue, (chinese, english) in enumerate(both.split("|", 1) for both in PHRASES.values())
        for phrase in (*chinese.split(), *english.split("|"))
    ]
    cut = units([phrase for phrase, _ in listed])
    rows = hash_rows(cut)
    found = {n: _Lexicon(ORDERS.index(order), n, {}, np.zeros(1 << 16, bool)) for n, order in _ORDER_FOR.items()}
    for (phrase, cue), begin, end in zip(listed, cut.bounds[:-1].tolist(), cut.bounds[1:].tolist(), strict=True):
        lexicon = found.get(end - begin)
        if lexicon is None:
            raise AssertionError(f"cue phrase {phrase!r} is not of one to three units")
        hashed = int(rows[lexicon.order, begin])
        lexicon.cues[hashed] = cue
        lexicon.maybe[hashed >> int(_LOW)] = True
    return tuple(found.values())


def count(cut: Units, rows: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How often each cue occurs in each post (n, cues), by the units' `hash_rows`."""
    ends: list[int] = cut.bounds[1:].tolist()
    counts = [0] * (len(ends) * len(NAMES))
    for order, n, cues, maybe in _lexicons():
        row = rows[order]
        here = maybe.take((row >> _LOW).view(np.int64)).nonzero()[0]
        for at, cue in zip(here.tolist(), map(cues.get, row[here].tolist()), strict=True):
            if cue is not None:
                post = bisect_right(ends, at)
                if at + n <= ends[post]:  # not half in the next post
                    counts[post * len(NAMES) + cue] += 1
    return np.array(counts, np.int64).reshape(len(ends), len(NAMES))
