"""Whether a new model may take the place of the one in use: not if it is worse on posts that it did not learn."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from circleshield_model.artefact import HELD_OUT
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training.evaluate import score_all
from circleshield_training.near_duplicates import near_duplicates
from circleshield_training.samples import Sample, read_all, read_seed
from circleshield_training.user_samples import VERDICTS, keys

RATE = 0.005  # false-positive rate at which recall is compared
HOLD_OUT = Path(__file__).with_name("hold_out")
OWN, SEED, UNSEEN = "your own labels", "the project's posts", "posts put aside"

_DRAWS = 1000
_LEVEL = 0.95  # of the intervals
_FEW = 5  # labels of sales posts that are not doubted together
_ORDINARY = 50.0  # times less than the odds for a review, a sales post looks like an ordinary one
_NEAR = 0.05  # share of the ordinary posts that lie close to a review with the model in use

# Plain cases, written for the purpose: what was judged rightly must stay so.
ADS = (
    "厂家直供招代理，一件代发，零囤货，加微信发你价格表，宝妈在家也能月入过万",
    "日结兼职，手机就能做，一单五到二十，不收押金，想做的私信我拉你进群",
    "补水面膜今天到货三百盒，代理价加我微信拿，满五盒包邮",
    "瘦身不反弹，二十八天一个疗程，先看客户反馈再下单，扫码咨询",
    "内部优惠券每天更新，复制口令打开就能领，进群抢半价",
    "团队又添了十二位新代理，跟着做上个月最少的也出了两百单，想了解的滴滴我",
    "专柜正品代购，口红粉底现货，支持验货，要的抓紧下单",
    "新款包包一比一品质，批发零售都做，加好友看相册",
    "Work from home, be your own boss, no experience needed. DM me to join my team today!",
    "Collagen powder restocked, 3 for 2 until Sunday, order through my link below",
)
FRIENDS = (
    "今天加班到九点，回家路上吃了碗馄饨，暖和多了",
    "妈妈寄来一箱橘子，甜得不像话，分了室友一半",
    "又有陌生人加我说招代理，直接拉黑，烦死了",
    "面试完感觉凉了，算了，周末去爬山散散心",
    "孩子第一次自己系鞋带，绑了十分钟，全家鼓掌",
    "这家口罩闷得慌，有没有人知道哪里买得到薄一点的？",
    "双十一买的洗衣液到现在还没用完，明年不凑满减了",
    "生日快乐，老同学！有空回来一起吃火锅",
    "减肥第三天，晚饭没忍住，明天再开始吧",
    "Finally finished my thesis, sleeping for a week now",
    "Does anyone have a good dentist near the river?",
    "Grandma turned ninety today and beat us all at cards",
)

_IN_WORDS = {"better": "better", "same": "no clear change", "worse": "worse"}

Verdict = Literal["better", "same", "worse"]
Figure = Literal["caught", "suspected", "wrongly removed", "close"]


class _Kind(NamedTuple):
    """A figure: whether it is a share of sales posts, how small a change nobody would meet, and what it is in words."""

    spam: bool
    slack: float
    words: str


# The first and the third are what counts. The others move sooner: more posts lie there than at the very cut-off.
_KINDS: dict[Figure, _Kind] = {
    "caught": _Kind(True, 0.02, f"sales posts caught at {RATE:.1%} false positives"),
    "suspected": _Kind(True, 0.008, "sales posts removed or put up for review"),
    "wrongly removed": _Kind(False, 0.002, "ordinary posts removed"),
    "close": _Kind(False, 0.0045, "ordinary posts close to a review"),
}


class Contender(NamedTuple):
    """A model, and by key of a text the score that a model like it gave which had not learnt the text."""

    scorer: Scorer
    held_out: dict[int, float]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """A written model. InputError as `Scorer.load`, or if its held-out scores cannot be read."""
        held_out: dict[int, float] = {}
        try:
            with np.load(folder / HELD_OUT, allow_pickle=False) as arrays:
                held_out = dict(zip(arrays["keys"].tolist(), arrays["scores"].tolist(), strict=True))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, BadZipFile) as e:
            raise InputError(f"model {folder}: {HELD_OUT} cannot be read; train it again") from e
        return cls(Scorer.load(folder), held_out)

    def held_out_file(self, only: Sequence[Sample] | None = None) -> bytes:
        """The content of the file `artefact.HELD_OUT`, of all posts or only of some."""
        file = io.BytesIO()
        wanted = self.held_out if only is None else dict.fromkeys(keys([s.text for s in only]).tolist())
        found = [key for key in wanted if key in self.held_out]
        scores = np.array([self.held_out[key] for key in found], np.float32)
        np.savez_compressed(file, keys=np.array(found, np.uint64), scores=scores)
        return file.getvalue()

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Honest scores (n,)."""
        found = score_all(self.scorer, texts)
        if self.held_out:
            for i, key in enumerate(keys(list(texts)).tolist()):
                found[i] = self.held_out.get(key, found[i])
        return found


@dataclass(frozen=True)
class Finding:
    """One figure on one part of the data, with the 95 % bootstrap interval of the change."""

    part: str
    figure: Figure
    posts: int
    before: float
    now: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Whether the change is beyond noise, and more than a slack, and which way."""
        kind = _KINDS[self.figure]
        low, high = (self.low, self.high) if kind.spam else (-self.high, -self.low)
        return "worse" if high < -kind.slack else "better" if low > kind.slack else "same"

    def __str__(self) -> str:
        words = _KINDS[self.figure].words
        return f"{self.part}: {words}: {self.now:.1%}, before {self.before:.1%} ({_IN_WORDS[self.verdict]})"


@dataclass(frozen=True)
class Judgement:
    """What the gate found.

    `broken` are the plain cases that were judged rightly before and are not now; `doubtful` the posts that the user
    calls sales posts though they look like ordinary ones, where these are more than half.
    """

    findings: tuple[Finding, ...]
    broken: tuple[str, ...]
    doubtful: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the new model is not worse beyond noise, and the labels may be believed."""
        return not self.broken and not self.doubtful and all(finding.verdict != "worse" for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The findings as plain data."""
        findings = [{**asdict(finding), "verdict": finding.verdict} for finding in self.findings]
        return {
            "passed": self.passed,
            "findings": findings,
            "broken": list(self.broken),
            "doubtful": list(self.doubtful),
        }


class _Part(NamedTuple):
    name: str
    spam: NDArray[np.bool_]
    group: NDArray[np.int64]  # what is drawn together
    before: NDArray[np.float64]
    now: NDArray[np.float64]


def judged(before: Contender, now: Contender, own: Sequence[Sample]) -> Judgement:
    """Compares two models on the user's labels, the project's posts, and posts that no model is ever trained on.

    Labels that the filter gave prove nothing of a filter, and are left out.
    """
    own = [s for s in own if s.source != VERDICTS]
    parts = []
    for name, samples in ((OWN, own), (SEED, read_seed()), (UNSEEN, read_hold_out())):
        if samples:
            texts = [s.text for s in samples]
            spam = np.array([s.spam for s in samples], bool)
            parts.append(_Part(name, spam, near_duplicates(texts), before.scores(texts), now.scores(texts)))
    findings = _compared(parts, (before.scorer, now.scorer))
    return Judgement(tuple(findings), tuple(_broken(before.scorer, now.scorer)), _doubtful(before, own))


def _compared(parts: Sequence[_Part], models: tuple[Scorer, Scorer]) -> list[Finding]:
    """The figures of each part. For the intervals the same posts are drawn for both models.

    The user's ordinary posts have no say in the cuts: one wrong label among them would move them for all.
    """
    rng = np.random.default_rng(0)
    spam = np.concatenate([part.spam for part in parts])
    known = np.flatnonzero(np.concatenate([np.full(part.spam.size, part.name != OWN) for part in parts]) & ~spam)
    scores = [np.concatenate([part[3 + k] for part in parts]) for k in (0, 1)]
    descending = [known[np.argsort(-found[known], kind="stable")] for found in scores]
    # From the odds for a review as many times less in both models.
    close = logit(np.quantile(scores[0][known], 1 - _NEAR)) - logit(models[0].review_at)
    hits = [
        {
            "suspected": found >= model.review_at,
            "wrongly removed": found >= model.remove_at,
            "close": found >= expit(logit(model.review_at) + close),
        }
        for found, model in zip(scores, models, strict=True)
    ]
    groups = [int(part.group.max()) + 1 for part in parts]
    bounds = np.cumsum([0, *(part.spam.size for part in parts)])

    def figures(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """(parts, figures, models)"""
        found = np.full((len(parts), len(_KINDS), 2), np.nan)
        for k in (0, 1):
            caught = scores[k] > _cut(scores[k][descending[k]], weight[descending[k]])
            for j, (name, kind) in enumerate(_KINDS.items()):
                of = weight * (spam == kind.spam)
                met = of * (caught if name == "caught" else hits[k][name])
                for i, (first, last) in enumerate(pairwise(bounds)):
                    if total := of[first:last].sum():
                        found[i, j, k] = met[first:last].sum() / total
        return found

    value = figures(np.ones(spam.size))
    draws = np.empty((_DRAWS, len(parts), len(_KINDS)))
    for draw in draws:
        drawn = [
            np.bincount(rng.integers(0, n, n), minlength=n)[part.group] for part, n in zip(parts, groups, strict=True)
        ]
        draw[:] = np.diff(figures(np.concatenate(drawn).astype(float)), axis=2)[..., 0]
    tail = 100 * (1 - _LEVEL) / 2
    there = ~np.isnan(value).any(axis=2)
    low, high = np.full((2, len(parts), len(_KINDS)), np.nan)
    low[there], high[there] = np.nanpercentile(draws[:, there], (tail, 100 - tail), axis=0)
    found = []
    for i, part in enumerate(parts):
        for k, (figure, kind) in enumerate(_KINDS.items()):
            if there[i, k]:
                posts = int(np.count_nonzero(part.spam == kind.spam))
                was, is_ = value[i, k].tolist()
                found.append(Finding(part.name, figure, posts, was, is_, float(low[i, k]), float(high[i, k])))
    return found


def _cut(descending: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """The lowest of the scores that at most `RATE` of the weight lies above; 0 where there is none."""
    total = weight.sum()
    if not total:
        return 0.0
    above = np.cumsum(weight)
    return float(descending[min(int(np.searchsorted(above, RATE * total, side="right")), descending.size - 1)])


def _doubtful(model: Contender, own: Sequence[Sample]) -> tuple[str, ...]:
    """Labelled sales posts that look like ordinary ones; none where they are no more than half.

    A seller whom the model does not know yet looks unsure to it. Posts of friends do not: labels of such come from a
    slip, a joke or an enemy. Posts labelled as ordinary are not doubted: those that were removed are what is corrected.
    """
    texts = [s.text for s in own if s.spam]
    if len(texts) < _FEW:
        return ()
    ordinary = logit(model.scores(texts)) < logit(model.scorer.review_at) - np.log(_ORDINARY)
    found = tuple(text for text, is_ in zip(texts, ordinary.tolist(), strict=True) if is_)
    return found if 2 * len(found) > len(texts) else ()


def _broken(before: Scorer, now: Scorer) -> Iterator[str]:
    for texts, ads in ((ADS, True), (FRIENDS, False)):
        right = [
            scores >= model.review_at if ads else scores < model.remove_at
            for model, scores in ((model, model.scores(texts)) for model in (before, now))
        ]
        yield from (text for text, was, is_ in zip(texts, *right, strict=True) if was and not is_)


@cache
def read_hold_out() -> tuple[Sample, ...]:
    """The posts that no model is ever trained on."""
    return tuple(s._replace(source="hold_out") for s in read_all([HOLD_OUT / "posts.jsonl"]))
