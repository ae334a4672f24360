"""What the pages say, in English and Chinese. One line a text; `{name}` is put in."""

from circleshield.review.owner_texts import OWNER
from circleshield.review.post_texts import POSTS

LANGUAGES = ("en", "zh")

TEXTS: dict[str, tuple[str, str]] = {
    **POSTS,
    **OWNER,
    # the frame
    "title": ("circleshield", "圈盾 circleshield"),
    "skip": ("Skip to the content", "跳到正文"),
    "menu": ("Pages", "页面"),
    "today": ("Taken out", "拦截记录"),
    "queue": ("To judge", "待判断"),
    "choices": ("My choices", "我的选择"),
    "devices": ("Devices", "设备"),
    "friends": ("Friends", "好友"),
    "numbers": ("Numbers", "数据"),
    "toggles": ("Settings", "设置"),
    "sign_out": ("Sign out", "退出"),
    "signed_out": ("This browser is signed out.", "此浏览器已退出。"),
    "refused_config": (
        "The config file or the model has a fault; what was before goes on:",
        "配置文件或模型有误，仍按之前的设置运行：",
    ),
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
    "fault_title": ("Not here", "无法显示"),
    "done_title": ("Done", "完成"),
    "no_session": (
        "This page opens for its owner: run “circleshield review” on this machine, or follow the link that the proxy "
        "printed when it started.",
        "此页面只对管理员开放：请在本机运行“circleshield review”，或打开代理启动时显示的链接。",
    ),
    "no_session_magic": (
        "This device is not paired yet. On the machine that runs the proxy, run “circleshield pair”, then scan the "
        "QR code, or type the code in on the page below.",
        "此设备尚未配对。请在运行代理的电脑上执行“circleshield pair”，然后扫描二维码，或在下面的页面输入配对码。",
    ),
    "wrong_token": (
        "This link is no longer good. Run “circleshield review” for a new one.",
        "链接已失效。请运行“circleshield review”获取新链接。",
    ),
    "too_many_tries": (
        "Too many wrong codes came from this device. Try again in ten minutes.",
        "此设备输入的错误配对码过多，请十分钟后再试。",
    ),
    "owner_only": ("Only the owner can do this.", "只有管理员可以进行此操作。"),
    "foreign_origin": ("This came from another site, so nothing was done.", "请求来自其他网站，未做任何更改。"),
    "no_form_token": (
        "This form is out of date, so nothing was done. Go back, load the page again, and try once more.",
        "表单已过期，未做任何更改。请返回并刷新页面后重试。",
    ),
    "not_found": ("There is no such page.", "没有这个页面。"),
    "not_understood": ("That could not be understood, so nothing was done.", "无法理解该请求，未做任何更改。"),
    "fault": ("This cannot be shown at present:", "暂时无法显示："),
    "broken": ("Something went wrong; the log of the proxy says where.", "出错了，详情见代理日志。"),
    # pairing
    "pair": ("Pair this device", "配对此设备"),
    "code": ("Code", "配对码"),
    "device_name": ("Name of this device (optional)", "设备名称（可选）"),
    "wrong_code": ("This code is wrong or no longer good.", "配对码错误或已失效。"),
    "pair_device": ("Pair somebody’s device", "配对他人设备"),
    "pair_device_help": ("It sees the posts of its own feeds.", "只能看到该设备自己信息流中的内容。"),
    "pair_owner": ("Pair my own device", "配对我的设备"),
    "pair_owner_help": ("It sees and does everything.", "可查看和操作全部内容。"),
    "code_title": ("Pairing code", "配对码"),
    "code_help": (
        "Scan this with the device, which must use this proxy, or open {url} there. Good once, for {minutes} minutes.",
        "请用要配对的设备扫描（该设备须使用此代理），或在该设备上打开 {url}。仅可使用一次，{minutes} 分钟内有效。",
    ),
    "qr": ("QR code of the address above", "上述地址的二维码"),
    "owner": ("owner", "管理员"),
    "device": ("own posts only", "仅自己的内容"),
    "this_one": ("this browser", "当前浏览器"),
    "last_used": ("used {time}", "最近使用 {time}"),
    "end": ("Shut out", "移除"),
}


def text(language: str, key: str, **values: object) -> str:
    """The text of a key, with `values` put in."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)
