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
    "friends": ("Friends", "好友"),
    "numbers": ("Numbers", "数据"),
    "sign_out": ("Sign out", "退出"),
    "signed_out": ("This browser is signed out.", "此浏览器已退出。"),
    "refused_config": (
        "The config file or the model has a fault; what was before goes on:",
        "配置文件或模型有误，仍按之前的设置运行：",
    ),
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
    "of_author": ("All of {author}", "全部内容：{author}"),
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
    "do_judge": ("Judge each post", "逐条判断"),
    "does_judge": ("neither shields nor suggests it any more", "不再自动屏蔽，也不再建议"),
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
    "said_judge": (
        "Each post of this friend is judged from the next load on; no shield is suggested any more.",
        "下次加载起逐条判断此好友的内容，不再建议屏蔽。",
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
    # friends
    "friends_intro": (
        "Whose posts were sales posts, by text or by your word, and what becomes of them. Suggestions come first.",
        "谁发过推广内容（按正文或你的判断），以及如何处理。建议屏蔽的排在最前。",
    ),
    "friends_all": ("All friends", "全部好友"),
    "friends_none": ("No friend has had a sales post.", "还没有好友发过推广内容。"),
    "friends_one_none": (
        "This friend has had no sales post, and you chose nothing.",
        "此好友没有发过推广，你也没有做过选择。",
    ),
    "friend_share": (
        "{sales} of {posts} posts were sales posts ({share} %).",
        "{posts} 条内容中有 {sales} 条推广（{share}%）。",
    ),
    "friend_no_posts": ("No post of this friend was judged yet.", "尚未判断过此好友的内容。"),
    "friend_labelled": ("{count} of them by your word.", "其中 {count} 条由你判定。"),
    "friend_weeks": (
        "Share of sales posts week by week, oldest first: {shares}",
        "每周推广内容的占比，由远及近：{shares}",
    ),
    "friend_weeks_short": ("share of sales posts, {weeks} weeks", "近 {weeks} 周推广占比"),
    "friend_more": ("How often this friend sells", "此好友的推广记录"),
    "state_suggested": ("shielding is suggested", "建议屏蔽"),
    "state_shielded": ("shielded by itself", "已自动屏蔽"),
    "state_allowed": ("always shown by you", "你已设为始终显示"),
    "state_blocked": ("shielded by you", "你已屏蔽"),
    "state_left_to_the_filter": ("judged post by post at your wish", "按你的要求逐条判断"),
    "first": ("From the start", "回到开头"),
    "more": ("More", "更多"),
    # numbers
    "numbers_days": ("The last {days} days", "最近 {days} 天"),
    "numbers_none": ("No post was seen in these days.", "这段时间没有内容。"),
    "by_day": ("By day", "按天"),
    "by_platform": ("By platform", "按平台"),
    "as_table": ("As a table", "以表格查看"),
    "day": ("Day", "日期"),
    "seen": ("seen", "已查看"),
    "taken": ("taken out", "已拦截"),
    "chart": ("Posts: {series}", "内容数量：{series}"),
    "top_reasons": ("Reasons most given", "最常见的原因"),
    "reason": ("Reason", "原因"),
    "posts_of": ("posts", "内容"),
    "since_start": ("Since the proxy was started", "代理启动以来"),
    "pages_seen": ("feed pages looked at", "已检查的信息流页面"),
    "posts_seen": ("posts in them", "其中的内容"),
    "faults": ("pages that passed unfiltered, by a fault", "因故障未过滤的页面"),
    "delay": (
        "{p50} ms for half of the pages, {p95} ms for all but the slowest 5 %",
        "半数页面不超过 {p50} 毫秒，95% 的页面不超过 {p95} 毫秒",
    ),
    "delay_title": ("Delay added", "增加的延迟"),
    "delay_help": (
        "From having a page whole to handing it on, over the last {pages} feed pages. Waiting for the page to be whole "
        "comes on top, where a client could have begun with a part of it.",
        "从完整收到页面到转发出去的时间，取最近 {pages} 个信息流页面。此外，客户端须等页面完整到达。",
    ),
    "delay_none": ("No feed page has passed since the proxy was started.", "代理启动以来还没有信息流页面。"),
    "model": ("Model", "模型"),
    "model_packaged": ("{version}, as it came with circleshield", "{version}，随 circleshield 附带"),
    "model_own": ("{version}, trained on your labels", "{version}，根据你的标注训练"),
    "model_cuts": (
        "Posts are removed from a score of {remove} and put up for review from {review}.",
        "评分达到 {remove} 即拦截，达到 {review} 列为不确定。",
    ),
    "model_measured": (
        "Measured on posts it had not learnt, by source: shares of the sales posts and of the ordinary "
        "posts that are removed, or removed or unsure.",
        "在未学习过的内容上测得，按来源：推广内容与普通内容中被拦截或列为不确定的比例。",
    ),
    "model_source": ("Source", "来源"),
    "sales_spam": ("sales posts", "推广"),
    "social": ("ordinary posts", "普通内容"),
    "kind": ("Kind", "类型"),
    "removed_share": ("removed", "拦截"),
    "reviewed_share": ("removed or unsure", "拦截或不确定"),
    "drifted": ("Platforms that may have changed", "可能已改版的平台"),
    "drifted_none": ("All pages had the posts they should have.", "所有页面的内容均正常。"),
    "drifted_help": ("Their posts pass unfiltered:", "其内容未经过滤："),
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
