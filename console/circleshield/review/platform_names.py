"""The platforms of the ledger by name, in English and Chinese."""

from circleshield.review.texts import LANGUAGES

NAMES: dict[str, tuple[str, str]] = {
    "bilibili": ("Bilibili", "哔哩哔哩"),
    "douban": ("Douban", "豆瓣"),
    "douyin": ("Douyin", "抖音"),
    "generic": ("other", "其他"),
    "jike": ("Jike", "即刻"),
    "kuaishou": ("Kuaishou", "快手"),
    "linkedin": ("LinkedIn", "领英"),
    "qzone": ("QZone", "QQ空间"),
    "tieba": ("Tieba", "百度贴吧"),
    "vk": ("VK", "VK"),
    "wechat": ("WeChat", "微信"),
    "weibo": ("Weibo", "微博"),
    "x": ("X", "X"),
    "xiaohongshu": ("Xiaohongshu", "小红书"),
    "zhihu": ("Zhihu", "知乎"),
}


def platform_name(language: str, platform: str) -> str:
    """In a language; one that is not among them by its own name."""
    return NAMES.get(platform, (platform.capitalize(),) * 2)[LANGUAGES.index(language)]
