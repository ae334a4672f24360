"""Mastodon home timelines of Chinese posts, about 2.4 KB a post, no text twice."""

import json
import random
import re
from collections.abc import Iterator

from circleshield_training.samples import read_seed

ADS = 0.1
_LENGTH = 100  # characters that a post has at least


def pages(count: int, posts: int, seed: int = 1) -> Iterator[bytes]:
    """`count` pages of `posts` posts each, a tenth of them advertisements, as UTF-8."""
    chance = random.Random(seed)
    first = seed * 10**9
    samples = [sample for sample in read_seed() if sample.lang == "zh"]
    friends = [sample.text for sample in samples if not sample.spam]
    sellers = [sample.text for sample in samples if sample.spam]
    for page in range(count):
        statuses = []
        for n in range(posts):
            kind = sellers if n and chance.random() < ADS else friends
            text = f"{chance.randrange(10**6)} "
            while len(text) < _LENGTH:
                text += chance.choice(kind) + "\n"
            statuses.append(_status(115_000_000_000_000_000 + first + page * posts + n, text.strip(), chance))
        yield json.dumps(statuses, ensure_ascii=False, separators=(",", ":")).encode()


def later(page: bytes, state: int) -> bytes:
    """A page as it is some time later: the same posts, with other counts in them."""
    return re.sub(rb'(?<="favourites_count":)\d+', b"%d" % (1_000 + state), page)


def _status(number: int, text: str, chance: random.Random) -> dict[str, object]:
    author = chance.randrange(10_000)
    name, site = f"user{author}", "https://m.example"
    picture = f"{site}/system/accounts/avatars/{author:09d}/original/{chance.getrandbits(64):016x}.jpg"
    attachments = [
        {
            "id": str(chance.getrandbits(50)),
            "type": "image",
            "url": f"{site}/system/media_attachments/files/{chance.getrandbits(64):016x}.jpg",
            "preview_url": f"{site}/system/media_attachments/files/small/{chance.getrandbits(64):016x}.jpg",
            "meta": {"original": {"width": 1080, "height": 1440}, "small": {"width": 415, "height": 554}},
            "description": None,
            "blurhash": f"U{chance.getrandbits(100):025x}",
        }
        for _ in range(chance.randrange(3))
    ]
    return {
        "id": str(number),
        "created_at": f"2026-11-22T{chance.randrange(24):02d}:{chance.randrange(60):02d}:07.000Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "sensitive": False,
        "spoiler_text": "",
        "visibility": "public",
        "language": "zh",
        "uri": f"{site}/users/{name}/statuses/{number}",
        "url": f"{site}/@{name}/{number}",
        "replies_count": chance.randrange(20),
        "reblogs_count": chance.randrange(20),
        "favourites_count": chance.randrange(100),
        "edited_at": None,
        "favourited": False,
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "content": "<p>" + "</p><p>".join(text.replace("&", "&amp;").replace("<", "&lt;").split("\n")) + "</p>",
        "filtered": [],
        "reblog": None,
        "application": {"name": "Web", "website": None},
        "account": {
            "id": str(author),
            "username": name,
            "acct": name,
            "display_name": f"用户{author}",
            "locked": False,
            "bot": False,
            "discoverable": True,
            "indexable": False,
            "group": False,
            "created_at": "2022-04-27T00:00:00.000Z",
            "note": "<p>爱吃，爱睡，爱走路。转发的都是喜欢的。</p>",
            "url": f"{site}/@{name}",
            "uri": f"{site}/users/{name}",
            "avatar": picture,
            "avatar_static": picture,
            "header": f"{site}/headers/original/missing.png",
            "header_static": f"{site}/headers/original/missing.png",
            "followers_count": chance.randrange(1000),
            "following_count": chance.randrange(1000),
            "statuses_count": chance.randrange(10_000),
            "last_status_at": "2026-11-22",
            "hide_collections": False,
            "emojis": [],
            "fields": [{"name": "城市", "value": "杭州", "verified_at": None}],
        },
        "media_attachments": attachments,
        "mentions": [],
        "tags": [],
        "emojis": [],
        "quote": None,
        "card": None,
        "poll": None,
    }
