"""What the pages say, in English and Chinese. One line a text; `{name}` is put in."""

LANGUAGES = ("en", "zh")

TEXTS: dict[str, tuple[str, str]] = {
    # the frame
    "title": ("circleshield", "圈盾 circleshield"),
    "skip": ("Skip to the content", "跳到正文"),
    "menu": ("Pages", "页面"),
    "today": ("Taken out", "拦截记录"),
    "queue": ("To judge", "待判断"),
    "choices": ("My choices", "我的选择"),
    "devices": ("Devices", "设备"),
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
        "此页面只对主人开放：请在本机运行“circleshield review”，或打开代理启动时显示的链接。",
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
    "owner_only": ("Only the owner can do this.", "只有主人可以进行此操作。"),
    "foreign_origin": ("This came from another site, so nothing was done.", "请求来自其他网站，未做任何更改。"),
    "no_form_token": (
        "This form is out of date, so nothing was done. Go back, load the page again, and try once more.",
        "表单已过期，未做任何更改。请返回并刷新页面后重试。",
    ),
    "not_found": ("There is no such page.", "没有这个页面。"),
    "not_understood": ("That could not be understood, so nothing was done.", "无法理解该请求，未做任何更改。"),
    "fault": ("This cannot be shown at present:", "暂时无法显示："),
    "broken": ("Something went wrong; the log of the proxy says where.", "出错了，详情见代理日志。"),
    # the list
    "none_yet": (
        "Nothing was taken out yet. Posts show up here a second after they were in a feed.",
        "还没有拦截任何内容。信息流加载后约一秒，内容就会出现在这里。",
    ),
    "none_found": ("No post is like that.", "没有符合条件的内容。"),
    "older": ("Older", "更早"),
    "newest": ("Newest", "最新"),
    "pages": ("More posts", "翻页"),
    "score": ("score {score}", "评分 {score}"),
    "text_not_kept": ("The text is not kept.", "未保存正文。"),
    "show_all": ("Show all", "展开全文"),
    "cut": ("… {count} more characters are not shown", "……另有 {count} 字未显示"),
    "why": ("Why", "原因"),
    "as_in_feed": ("How it would have looked", "原本的样子"),
    "no_name": ("somebody", "匿名"),
    "tick": ("Tick the post of {author}", "选择{author}的内容"),
    "of_author": ("All of {author}", "查看{author}的全部"),
    # the filter
    "search": ("Search", "搜索"),
    "filters": ("Search and filter", "搜索与筛选"),
    "words": ("Words in the text or name", "正文或昵称中的文字"),
    "platform": ("Platform", "平台"),
    "author": ("Author (name or platform:id)", "作者（昵称或 平台:编号）"),
    "action": ("Outcome", "结果"),
    "any": ("any", "全部"),
    "lowest": ("Score from", "评分不低于"),
    "highest": ("Score up to", "评分不高于"),
    "since": ("From", "起始日期"),
    "until": ("Up to and with", "截止日期"),
    "clear": ("Clear", "清除"),
    # actions
    "remove": ("removed", "已移除"),
    "fold": ("folded", "已折叠"),
    "label": ("labelled", "已标记"),
    "watch": ("left as it was", "仅记录"),
    "review": ("unsure", "不确定"),
    "keep": ("shown", "已显示"),
    # choices of posts
    "choose": ("What is it?", "这是什么内容？"),
    "do_social": ("Show it again", "恢复显示"),
    "does_social": ("shows it from the next load on · teaches: friend’s post", "下次加载时恢复显示 · 学习：朋友动态"),
    "do_spam": ("It is spam", "这是推广"),
    "does_spam": ("takes it out from the next load on · teaches: spam", "下次加载时拦截 · 学习：推广"),
    "do_unsure": ("Not sure", "说不准"),
    "does_unsure": ("changes nothing · teaches nothing", "不改变显示 · 不学习"),
    "is_social": ("You chose: show it again", "你的选择：恢复显示"),
    "is_spam": ("You chose: it is spam", "你的选择：这是推广"),
    "is_unsure": ("You chose: not sure", "你的选择：说不准"),
    "is_learnt": ("learnt from", "已用于学习"),
    "is_not_learnt": ("not learnt from", "不用于学习"),
    "do_unteach": ("Do not learn from it", "不用于学习"),
    "do_teach": ("Learn from it", "用于学习"),
    "undo": ("Undo", "撤销"),
    # choices of authors
    "friend": ("This person", "此作者"),
    "do_allow": ("Always show this friend", "始终显示此好友"),
    "does_allow": ("shows every post · teaches nothing", "显示其全部内容 · 不学习"),
    "do_block": ("Shield this friend", "屏蔽此好友"),
    "does_block": ("takes every post out · teaches nothing", "拦截其全部内容 · 不学习"),
    "is_allow": ("This friend is always shown", "始终显示此好友"),
    "is_judge": ("Each post of this friend is judged", "逐条判断此好友的内容"),
    "is_block": ("This friend is shielded", "已屏蔽此好友"),
    # several at once
    "ticked": ("All that are ticked", "对所选内容"),
    "tick_all": ("Tick all on this page", "全选本页"),
    # what was done
    "said_social": (
        "{count} shown again from the next load on; learnt from: {learnt}.",
        "{count} 条内容将在下次加载时恢复显示；用于学习：{learnt} 条。",
    ),
    "said_spam": (
        "{count} taken out from the next load on; learnt from: {learnt}.",
        "{count} 条内容将在下次加载时拦截；用于学习：{learnt} 条。",
    ),
    "said_unsure": ("{count} noted as not sure; nothing changes.", "{count} 条内容记为说不准，不做改变。"),
    "said_undone": ("Undone: {count}.", "已撤销 {count} 项。"),
    "said_teach": ("Learnt from: {learnt}. What is shown stays as it was.", "用于学习：{learnt} 条，显示不变。"),
    "said_unteach": ("Not learnt from any more: {count}. What is shown stays.", "不再用于学习：{count} 条，显示不变。"),
    "said_allow": ("All posts of this friend show from the next load on.", "下次加载起，始终显示此好友的内容。"),
    "said_block": (
        "All posts of this friend are taken out from the next load on.",
        "下次加载起，拦截此好友的全部内容。",
    ),
    "said_nothing_ticked": ("Nothing was ticked, so nothing was done.", "未选择任何内容，未做更改。"),
    # the queue
    "queue_intro": (
        "The posts that the filter is least sure of. Your word changes the feed at once and teaches the next training.",
        "过滤器最没把握的内容。你的判断立即生效，并用于下次训练。",
    ),
    "queue_keys": (
        "Keys: → friend’s post, ← spam, ↑ not sure, Backspace undo. On a phone: swipe right or left.",
        "按键：→ 朋友动态，← 推广，↑ 说不准，Backspace 撤销。手机上可左右滑动。",
    ),
    "queue_left": ("{count} to judge", "还有 {count} 条待判断"),
    "queue_none": ("Nothing waits for your word.", "没有待判断的内容。"),
    "progress": ("{learnt} of {goal} new labels for the next training", "距下次训练：已有 {learnt} / {goal} 条新标注"),
    "progress_done": (
        "{learnt} new labels: enough for a training (circleshield train)",
        "已有 {learnt} 条新标注，可以训练了（circleshield train）",
    ),
    "do_friend": ("Friend’s post", "朋友动态"),
    # my choices
    "choices_posts": ("Posts", "内容"),
    "choices_authors": ("Friends", "好友"),
    "choices_none": ("You have not chosen anything yet.", "你还没有做过选择。"),
    "choices_more": ("{count} older ones are not shown.", "另有 {count} 条更早的选择未显示。"),
    "gone": ("no longer in the ledger", "记录已删除"),
    # folded
    "folded_title": ("A folded post", "折叠的内容"),
    "folded_forgotten": (
        "The proxy has forgotten this post, as it was started anew since. Load the feed again for a new link.",
        "代理重启后已不记得此内容。请重新加载信息流以获取新链接。",
    ),
    "folded_pair": ("To choose about it, pair this device.", "如需处理此内容，请先配对此设备。"),
    "folded_not_recorded": ("It is not in the ledger, so nothing can be chosen about it.", "此内容未记录，无法选择。"),
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
    "owner": ("owner", "主人"),
    "device": ("own posts only", "仅自己的内容"),
    "this_one": ("this browser", "当前浏览器"),
    "last_used": ("used {time}", "最近使用 {time}"),
    "end": ("Shut out", "移除"),
}

PLATFORMS: dict[str, tuple[str, str]] = {
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


def text(language: str, key: str, **values: object) -> str:
    """The text of a key, with `values` put in."""
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def platform_name(language: str, platform: str) -> str:
    """A platform of the ledger by its name."""
    return PLATFORMS.get(platform, (platform.capitalize(),) * 2)[LANGUAGES.index(language)]
