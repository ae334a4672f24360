"""What other parts say in English, in the reader's language: reasons of verdicts as the ledger holds them, with or
without figures; what a page lacked; what a training notes. The rest stays as it is.
"""

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
        (r"no post with a text", "内容都没有正文"),
        (r"items, but no post among them", "有条目，但其中没有可识别的内容"),
        (r"no list of items", "没有内容列表"),
        (r"(\S+) posts are (\S+) different ones; each is learnt once", r"\1 条内容中有 \2 条互不相同，每条只学习一次"),
        (
            r"(\S+) posts have both labels; your own counts, or else the first",
            r"\1 条内容有两种标注，以你的标注为准，否则以先出现的为准",
        ),
        (
            r"all labels are of sales posts; some of ordinary posts would make it safer",
            "标注的全是推广；再标注一些普通内容会更稳妥",
        ),
        (
            r"all labels are of ordinary posts; some of sales posts would make it safer",
            "标注的全是普通内容；再标注一些推广会更稳妥",
        ),
        (r"(\d+) labelled posts are few: expect little", r"只有 \1 条标注，效果有限"),
        (r"(?:.*: )?nothing to learn: there are no labelled posts; .*", "没有可学习的标注，请先标注一些内容"),
        (r"interrupted; the model in use is unchanged", "训练被中断，继续使用当前模型"),
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


def in_language(language: str, said: str) -> str:
    """A sentence or reason in a language."""
    if language != "zh":
        return said
    for pattern, chinese in _PATTERNS:
        if found := pattern.fullmatch(said):
            return found.expand(chinese)
    cue = _CUE.fullmatch(said)
    return _CUES[cue[1]] + (cue[2] or "") if cue is not None and cue[1] in _CUES else said
