"""What the pages say, in English and Chinese. One line a text; `{name}` is put in."""

LANGUAGES = ("en", "zh")

TEXTS: dict[str, tuple[str, str]] = {
    # the frame
    "title": ("circleshield", "circleshield 圈盾"),
    "skip": ("Skip to the content", "跳到正文"),
    "menu": ("Pages", "页面"),
    "today": ("Taken out", "拦截记录"),
    "queue": ("To judge", "待判断"),
    "choices": ("My choices", "我的选择"),
    "devices": ("Devices", "设备"),
    "refused_config": (
        "The config file or the model has a fault; what was before goes on:",
        "配置文件或模型有误，仍按之前的设置运行：",
    ),
    "undo": ("Undo", "撤销"),
    # set-up
    "setup": ("Set up a device", "设置设备"),
    "setup_files": ("Certificate files:", "证书文件："),
    "setup_loopback": (
        "The proxy listens on its own machine only. To let phones in, start it with --listen and its LAN address.",
        "代理目前只监听本机。要让手机使用，请用 --listen 加本机的局域网地址启动。",
    ),
    "tunnels": ("WireGuard devices", "WireGuard 设备"),
    "tunnel_name": ("Name of the device", "设备名称"),
    "tunnel_add": ("Let it in", "添加"),
    "tunnel_revoke": ("Shut it out", "撤销"),
    "tunnel_scan": ("Scan this with the WireGuard app on {name}.", "请用 {name} 上的 WireGuard 应用扫描。"),
    "tunnel_text": ("The same as text, with the device’s key", "文本形式（含设备密钥）"),
    # refused
    "refused_title": ("Closed", "未授权"),
    "no_session": (
        "This page opens for its owner: run “circleshield review” on this machine, or follow the link that the proxy "
        "printed when it started.",
        "此页面只对主人开放：请在本机运行“circleshield review”，或打开代理启动时显示的链接。",
    ),
    "no_session_magic": (
        "This device is not paired yet. On the machine that runs the proxy, run “circleshield pair”, then scan the "
        "QR code or type the code here.",
        "此设备尚未配对。请在运行代理的电脑上执行“circleshield pair”，然后扫描二维码，或在此输入配对码。",
    ),
    "wrong_token": (
        "This link is no longer good. Run “circleshield review” for a new one.",
        "链接已失效。请运行“circleshield review”获取新链接。",
    ),
    "too_many_tries": (
        "Too many wrong codes came from this device. Try again in ten minutes.",
        "此设备输入的错误配对码过多，请十分钟后再试。",
    ),
    "owner_only": ("Only the owner can do this.", "只有主人可以进行此操作。"),
    "foreign_origin": (
        "This came from another site, so nothing was done.",
        "请求来自其他网站，未做任何更改。",
    ),
    "no_form_token": (
        "This form is out of date, so nothing was done. Go back, load the page again, and try once more.",
        "表单已过期，未做任何更改。请返回并刷新页面后重试。",
    ),
    "fault_title": ("Not here", "无法显示"),
    "not_understood": ("That could not be understood.", "无法理解该请求。"),
    "fault": ("This cannot be shown at present:", "暂时无法显示："),
    "folded_title": ("A folded post", "折叠的内容"),
    "folded_forgotten": (
        "The proxy has forgotten this post, as it was started anew since. Load the feed again for a new link.",
        "代理重启后已不记得此内容。请重新加载信息流以获取新链接。",
    ),
    "not_found": ("There is no such page.", "没有这个页面。"),
    "broken": ("Something went wrong; the log of the proxy says where.", "出错了，详情见代理日志。"),
    # today
    "none_yet": (
        "Nothing was taken out yet. Posts show up here a second after they were in a feed.",
        "还没有拦截任何内容。信息流加载后约一秒，内容就会出现在这里。",
    ),
    "none_found": ("No post is like that.", "没有符合条件的内容。"),
    "older": ("Older", "更早"),
    "newest": ("Newest", "最新"),
    "score": ("Score", "评分"),
    "text_not_kept": ("The text is not kept.", "未保存正文。"),
    # actions
    "remove": ("removed", "已移除"),
    "fold": ("folded", "已折叠"),
    "label": ("labelled", "已标记"),
    "watch": ("left as it was", "仅记录"),
    "review": ("unsure", "不确定"),
    "keep": ("shown", "已显示"),
}


def text(language: str, key: str, **values: object) -> str:
    """The text of a key, with `values` put in."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)
