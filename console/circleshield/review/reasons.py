"""Reasons as the ledger holds them, with or without figures, in the reader's language. Others stay as they are."""

import re

_PATTERNS = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"score ((?:\S+ )?[<≥] \S+)", r"评分 \1"),
        (r"score (\S+ [<≥] \S+) \(text (\S+)\)", r"评分 \1（正文 \2）"),
        (r"(\d+) of (\d+) earlier posts were sales( \S+)", r"此前 \2 条中有 \1 条推广\3"),
        (
            r"(\d+) of (\d+) earlier posts were sales, (\d+) of them labelled by you( \S+)",
            r"此前 \2 条中有 \1 条推广，其中 \3 条由你标注\4",
        ),
        (r"the same text from (\d+) other accounts( \S+)", r"另有 \1 个账号发布相同内容\2"),
        (r"the same text from other accounts", "其他账号发布相同内容"),
        (r"earlier posts were sales", "此前发过推广"),
        (r"author shielded", "作者发布推广后被屏蔽"),
        (r"author shielded after (\d+) sales posts", r"作者发布 \1 条推广后被屏蔽"),
        (r"shown again at your wish", "已按你的要求恢复显示"),
        (r"spam at your word", "你判定为推广"),
        (r"author allowed at your wish", "你已放行此作者"),
        (r"author blocked at your wish", "你已屏蔽此作者"),
        (r"flagged as an ad by the platform", "平台标注的广告"),
        (r"allowed by your rule: (.*)", r"你的规则放行：\1"),
        (r"blocked by your rule: (.*)", r"你的规则拦截：\1"),
        (r"removed, as posts of this platform cannot be folded", "已移除（此平台的内容无法折叠）"),
        (r"left as it is, as posts of this platform cannot be labelled", "保持原样（此平台的内容无法标记）"),
        (r"folded, as the client needs an item in its place", "已折叠（客户端需要此条目占位）"),
        (r"left as it is, as the client needs it", "保持原样（客户端需要此条目）"),
        (r"(\d+) characters < (\d+)", r"\1 字，少于 \2 字"),
        (r"language (\w+) is not judged", r"不判断此语言（\1）"),
        (r"in none of the languages that can be judged", "无法判断的语言"),
    )
)
_CUES = {
    "length": "篇幅",
    "length of topics": "话题篇幅",
    "hashtags": "话题标签",
    "exclamation marks": "感叹号",
    "question marks": "问号",
    "brackets": "书名号和括号",
    "links": "链接",
    "mentions": "提及",
    "figures": "数字",
    "repetition": "重复",
    "contact": "联系方式",
    "price": "价格",
    "call to action": "催促行动",
    "recruiting": "招募代理",
    "urgency": "限时限量",
    "income": "赚钱许诺",
    "goods": "商品",
}
_CUE = re.compile(r"([a-z ]+)( [+-]\d+\.\d)?")


def reason(language: str, said: str) -> str:
    """One reason in a language."""
    if language != "zh":
        return said
    for pattern, chinese in _PATTERNS:
        if found := pattern.fullmatch(said):
            return found.expand(chinese)
    cue = _CUE.fullmatch(said)
    return _CUES[cue[1]] + (cue[2] or "") if cue is not None and cue[1] in _CUES else said
