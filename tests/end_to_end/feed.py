"""Posts of our own making, and the pages that platforms would send them in."""

import json

SALES = (
    "今晚特价！补水面膜买二送一，敷一片白一度，批发价一件代发，诚招代理零门槛月入过万，想要的宝贝加微信 mm66123 下单💕",
    "宝妈兼职日结200，手机打字就能做，时间自由，不收任何费用，名额有限加微信 jz99887 了解，招代理",
    "Join my slimming tea team and earn $5k a month from your phone! No experience needed, I coach you. "
    "Only 3 spots left, agents wanted, wholesale price. DM me START for the link 💸🔥",
)
FRIENDS = (
    "周末和爸妈去爬山，下山的时候下雨了，三个人挤一把伞，笑了一路。",
    "The bakery on our street closed today after forty years. The whole block stood outside and clapped.",
    "孩子第一次自己系鞋带，系成了死结，还不让我解。",
    "Missed the bus, walked home along the river, saw two herons. Not a bad trade.",
)
MIXED = (FRIENDS[0], SALES[0], FRIENDS[1], SALES[1], FRIENDS[2], SALES[2], FRIENDS[3])


def status(number: int, text: str) -> str:
    """One post of a Mastodon timeline, spelt so that parsing and dumping it anew would show."""
    return (
        f'{{ "id":"{9_007_199_254_740_993 + number}","created_at" : "2026-11-22T12:00:00.000Z","weight":1.50e+02,'
        f'"account":{{"id":"{70 + number}","acct":"user\\u005f{number}"}},"spoiler_text":"",'
        f'"content":{json.dumps(f"<p>{text}</p>", ensure_ascii=False)},"reblog":null}}'
    )


def timeline(*texts: str) -> bytes:
    """A page of a Mastodon timeline."""
    return ("[\n" + ",\n".join(status(number, text) for number, text in enumerate(texts)) + "\n]\n").encode()


def timeline_without_sales(*texts: str) -> bytes:
    """The same page when the proxy has taken the sales posts out; the first text must be a friend's."""
    kept = [status(number, text) for number, text in enumerate(texts) if text not in SALES]
    return ("[\n" + ",\n".join(kept) + "\n]\n").encode()


def weibo(*texts: str) -> bytes:
    """A page of weibo.com's friends timeline."""
    statuses = [
        {
            "idstr": str(5_000_000_000_000_000 + n),
            "user": {"id": n, "screen_name": f"用户{n}"},
            "text_raw": text,
        }
        for n, text in enumerate(texts)
    ]
    return json.dumps({"ok": 1, "statuses": statuses, "max_id": 17}, ensure_ascii=False).encode()
