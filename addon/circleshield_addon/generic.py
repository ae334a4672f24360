"""Feeds that nobody wrote an adapter for: the list of posts in a JSON text, told by its shape.

A feed is an array of objects most of which have an id, an author and a text, some of them long enough to be prose.
What has the marks of something else (a chat, notifications, a shop, a list of people) is never taken for one.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields, every
from circleshield_addon.documents import documents
from circleshield_addon.html_text import html_to_text
from circleshield_addon.json_spans import JsonText

_NO_FIELDS = Fields(id=(), author_id=(), author=(), text=())

# Paths under which no feed is looked for: what is private, what is about people or things, and files.
_PATH = re.compile(
    r"(?is)(?!.*(?<![a-z])(?:messages?|messaging|chats?|conversations?|dms?|inbox|mail|notifications?|alerts|settings?"
    r"|preferences|config|contacts?|suggest(?:ions?|ed)?|typeahead|autocomplete|login|auth|oauth|cart|orders?|payments?"
    r"|wallet)(?![a-z]))"
    r"(?!.*\.(?:m?js|css|map|html?|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|mp[34]|m4[asv]|webm|ts|m3u8|pdf|zip)$)"
    r".*"
)

GENERIC = Adapter(
    name="generic",
    title="Any feed, by its shape",
    hosts=(),
    endpoints=(Endpoint(_PATH, items=()), Endpoint(_PATH, items=(), method="POST")),
    fields=_NO_FIELDS,
    confidence="low",
    as_of="2026-11",
)
"""The adapter of the hosts in `[generic]`. Where its posts stand is only known for a page: see `described`."""


def _words(words: str) -> dict[str, int]:
    return {word: i for i, word in enumerate(words.split())}


# Names are compared in lower case, letters and digits only: `screen_name` is `screenname`. The first of several counts.
_IDS = _words("idstr idstring id uri urn pk uuid guid mid uid did key hash slug")
_POST_ID = re.compile(
    r"(?:post|status|note|photo|video|aweme|feed|item|moment|tweet|toot|thread|topic|article|story|media|entry|activity"
    r"|dynamic|cell|work|content|object)id(?:str)?"
)
_AUTHOR_IDS = _words(" ".join(_IDS) + " userid authorid accountid")  # inside the object that is about the author
_AUTHORS = _words(
    """user author account creator poster publisher member people person profile actor userinfo authorinfo moduleauthor
    owner ownerobj from by createdby postedby uploader writer blogger"""
)
_NAMES = _words("screenname displayname nickname nick name username fullname handle acct login uname")
_FLAT_NAMES = _words(
    """author authorname screenname displayname nickname nick username userfullname postedby poster postername creator
    creatorname createdby blogname user account member writer by owner ownername handle"""
)
_FLAT_IDS = _words("authorid userid uid creatorid posterid accountid memberid ownerid fromid")
# Who made a thing, rather than said something: not enough where there is only a title or a description.
_MAKERS = _words("owner ownername ownerid ownerobj creator creatorname creatorid createdby from fromid by uploader")
_TEXTS = _words(
    """textraw rawtext plaintext fulltext longtext text content contenttext contenthtml contentraw rendered body
    bodytext bodyhtml bodymarkdown markdown html cooked raw message msg caption selftext postcontent posttext status
    statustext words excerpt comment richtext"""
)
_SHORT_TEXTS = _words("desc description summary abstract intro digest snippet")
_TITLES = _words("title displaytitle subject headline spoilertext contentwarning cw name")
_ANY_TEXTS = {**_TEXTS, **_SHORT_TEXTS, **_TITLES}
_INNER = _words(
    """reblog reblogof repost reposted repostof renote retweet retweeted retweetedstatus quote quoted quotedstatus
    quotedpost sharedpost original originalpost origin orig parentpost"""
)
_ASIDE = _words(  # branches of a post that hold no text of its own
    """comments comment topcomment replies reply replyto inreplyto parent reason context community group forum board
    channel category topic tag location place source app application client card preview embed link poll"""
)
_NOT_OWN = {**_INNER, **_ASIDE}
_PICTURES = re.compile(r"(?:media|pic|image|photo|video|attachment|file|gallery)[a-z0-9]*|cards?|poll|embeds?|preview")
_AD_FLAGS = _words("ad isad isads promoted ispromoted sponsored issponsored advertisement isadvertisement")

# Names of arrays, or of what they stand in, that hold no feed.
_OTHER_LISTS = re.compile(
    r"(?:messages?|chats?|conversations?|dialogs?|inbox|notifications?|alerts|settings|preferences|config|options|contacts"
    r"|follow(?:er|ee)s|users|members|people|participants|suggestions|products|goods|skus|orders|transactions|comments"
    r"|replies)$"
)
# Members that objects of such lists have: chats and mail, notifications, goods and tasks, people.
_OTHER_MEMBERS = _words(
    """chatid roomid channelid dialogid peer peerid recipient recipients recipientid receiver receiverid touser touserid
    to msgid messageid msgtype messagetype sender senderid lastmessage unreadcount participants deliveredat
    isread readat notificationtype
    price sku currency stock amount balance orderid ordernumber assignee assignees duedate dueat attendees
    followerscount followingcount friendscount bio email phone mobile lastseen lastactive isfollowing followedby
    birthday mutualfriends"""
)
# So have messages, and posts on some platforms; those are told by what people did with them.
_READ_FLAGS = _words("read unread seen")
_LIKED = re.compile(r".*(?:like|fav|vote|repl|comment|repost|reblog|retweet|share|score|reaction)")
_KINDS = _words("type kind verb reason action event")
_EVENTS = _words(
    "mention follow followed favourite favorite like liked reblog followrequest friendrequest invite invitation"
)

_TAG = re.compile(r"</?(?:p|br|a|span|div|img|b|i|em|strong|blockquote|ul|ol|li|h\d)\b[^<>]*>", re.I)
_CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MOST_DEPTH = 8
_MOST_ARRAYS = 200  # with more kinds of them it is a table, not a feed
_SAMPLE = 40  # items of an array that are looked at


def described(body: bytes) -> Endpoint:
    """How to read a page of an unknown feed: an endpoint made for it, which has no items where there is no feed.

    Raises JsonError when the body is no JSON.
    """
    (first, *more) = documents(body)
    found = None if more else detected(first.text)
    return found or GENERIC.endpoints[0]


def detected(text: JsonText) -> Endpoint | None:
    """The list of posts in a JSON text: its `items`, `post` and `fields`; None where nothing is surely a feed.

    How an unknown client pages is not known, so the last item is kept: as `last_item_is_cursor` says.
    """
    arrays: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    _gather(text.value(text.root), "", 0, arrays)
    best: tuple[tuple[int, int], Endpoint] | None = None
    for path, items in arrays.items():
        sample = items[:: len(items) // _SAMPLE + 1]
        if len(items) >= 2 and not _is_other(sample) and (found := _described(sample)):
            post, fields, complete = found
            rank = (-path.count("[]"), complete)  # rather the posts than what is said to each
            if best is None or rank > best[0]:
                best = rank, Endpoint(_PATH, (path,), (post,), fields=fields, last_item_is_cursor=True)
    return best[1] if best else None


def _gather(value: Any, path: str, depth: int, arrays: dict[str, list[dict[str, Any]]]) -> None:
    """All arrays' objects, by the path that finds the arrays."""
    if depth > _MOST_DEPTH or len(arrays) > _MOST_ARRAYS:
        return
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                arrays[path].append(item)
                _gather(item, path + "[]", depth + 1, arrays)
    elif isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, dict | list) and not _OTHER_LISTS.search(_name(key)) and _can_be_named(key):
                _gather(member, f"{path}.{key}" if path else key, depth + 1, arrays)


def _described(items: list[dict[str, Any]]) -> tuple[str, Fields, int] | None:
    """Where the post stands in an item, where its parts stand in it, and how many items have them all."""
    leaves: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        for path, value in _leaves(item):
            leaves[path].append(value)
    main = max(
        (path for path in leaves if _is_text(path) and any(map(_is_prose, leaves[path]))),
        key=lambda path: (_last(path) in _TEXTS, sum(map(_is_prose, leaves[path])), -path.count(".")),
        default=None,
    )
    if main is None:
        return None
    id_path = _id_path(leaves, _parent(main), len(items))
    author_id, author = _author_paths(leaves, _parent(main), strict=_last(main) not in _TEXTS)
    if id_path is None or not (author_id or author):
        return None
    post = _shared([_parent(id_path), _parent(main), *map(_parent, (*author_id, *author))])
    parts = _text_parts(items, leaves, main)
    objects = [value for item in items for value in every(item, post) if isinstance(value, dict)]
    if _is_other(objects):
        return None
    relative = [tuple(_below(post, path) for path in part) for part in parts]
    html = {_below(post, path) for part in parts for path in part if any(map(_TAG.search, leaves[path]))}
    inner = tuple(_inner(objects, relative[-1]))
    used = {
        _below(post, path).split(".")[0]
        for path in (id_path, *author_id, *author, *(p for part in parts for p in part))
    }
    fields = Fields(
        id=(_below(post, id_path),),
        author_id=tuple(_below(post, path) for path in author_id),
        author=tuple(_below(post, path) for path in author),
        text=tuple(relative),
        html=frozenset(html),
        inner=inner,
        ad={key: True for key in _keys(objects) if _name(key) in _AD_FLAGS},
        main=relative[-1],
        drop=dict.fromkeys(inner, "null")
        | {key: value for key, value in _pictures(objects).items() if key not in used},
    )
    posts = [GENERIC.read(item, (post,), fields) for item in items]
    complete = [found for found in posts if found is not None and (found.author or found.author_id) and found.text]
    prose = sum(_is_prose(found.text) for found in complete)
    if len(complete) < 2 or 2 * len(complete) <= len(items) or 5 * prose < len(complete):
        return None
    return post, fields, len(complete)


def _leaves(value: dict[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The texts and numbers in an object with their paths; not those in arrays, inner posts and the like."""
    for key, member in value.items():
        below = f"{path}.{key}" if path else key
        if isinstance(member, dict):
            if depth < 5 and _name(key) not in _NOT_OWN and _can_be_named(key):
                yield from _leaves(member, below, depth + 1)
        elif isinstance(member, str | int) and not isinstance(member, bool) and member != "" and _can_be_named(key):
            yield below, str(member)


def _id_path(leaves: dict[str, list[str]], above: str, items: int) -> str | None:
    """The path of the id: of an object that the text is in, the outermost, and most of them different."""
    found = [
        (path.count("."), _IDS.get(_last(path), len(_IDS)), path)
        for path, values in leaves.items()
        if (_last(path) in _IDS or _POST_ID.fullmatch(_last(path)))
        and not _author_object(path)
        and _is_above(_parent(path), above)
        and 2 * len(values) > items
        and 2 * len(set(values)) >= len(values)  # a post may be on a page twice
    ]
    return min(found)[2] if found else None


def _author_paths(leaves: dict[str, list[str]], above: str, *, strict: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths of the author's id and name, each empty or one. `strict`: a maker or a bare number is not enough."""
    found: defaultdict[str, tuple[list[tuple[int, str]], list[tuple[int, str]]]] = defaultdict(lambda: ([], []))
    for path in leaves:
        last, holder = _last(path), _author_object(path)
        if _is_above(_parent(holder or path), above) and not (strict and _last(holder or path) in _MAKERS):
            ids, names = found[holder or _parent(path)]
            if last in (known := _AUTHOR_IDS if holder else _FLAT_IDS):
                ids.append((known[last], path))
            if last in (known := _NAMES if holder else _FLAT_NAMES):
                names.append((known[last], path))
    ranked = []
    for holder, (ids, names) in found.items():
        author_id, author = (min(paths)[1:] if paths else () for paths in (ids, names))
        if author or (author_id and not strict):
            often = max(len(leaves[path]) for path in (*author_id, *author))
            ranked.append((often, len(author_id) + len(author), -holder.count("."), author_id, author))
    return max(ranked)[3:] if ranked else ((), ())


def _text_parts(items: list[dict[str, Any]], leaves: dict[str, list[str]], main: str) -> list[tuple[str, ...]]:
    """What is read of a post: titles beside the main text, then that text itself with its other forms."""
    same, titles = [main], []
    for path in leaves:
        if path != main and _parent(path) == _parent(main) and (_is_text(path) or _last(path) in _TITLES):
            pairs = [(_plain(a), _plain(b)) for item in items for a in every(item, main) for b in every(item, path)]
            pairs = [(a, b) for a, b in pairs if a and b]
            if pairs and 2 * sum(a in b or b in a for a, b in pairs) > len(pairs):
                same.append(path)
            elif _last(path) in _TITLES and any(" " in value or _CHINESE.search(value) for value in leaves[path]):
                titles.append(path)
    same.sort(key=lambda path: (any(map(_TAG.search, leaves[path])), -sum(map(len, leaves[path]))))  # plain, then long
    return [*((path,) for path in titles), tuple(same)]


def _inner(objects: list[dict[str, Any]], main: tuple[str, ...]) -> Iterator[str]:
    for key in _keys(objects):
        if _name(key) in _INNER and _can_be_named(key):
            held = [value for item in objects if isinstance(value := item.get(key), dict)]
            if any(_text(found) for value in held for path in main for found in every(value, path)):
                yield key


def _pictures(objects: list[dict[str, Any]]) -> dict[str, str | None]:
    """What a post can do without, as other posts on the page do: empty lists, and null where one has null."""
    found: dict[str, str | None] = {}
    for key in _keys(objects):
        if _PICTURES.fullmatch(_name(key)) and _can_be_named(key):
            values = [item[key] for item in objects if key in item]
            if any(isinstance(value, list) for value in values):
                found[key] = "[]"
            elif None in values and any(isinstance(value, dict) for value in values):
                found[key] = "null"
    return found


def _is_other(items: list[dict[str, Any]]) -> bool:
    """Whether these are the objects of something else than a feed."""
    members: Counter[str] = Counter()
    events = 0
    for item in items:
        names = {_name(key): value for key, value in item.items() if value is not None}
        members.update(name for name in names if name in _OTHER_MEMBERS)
        if not any(map(_LIKED.match, names)):
            members.update(name for name, value in names.items() if name in _READ_FLAGS and isinstance(value, bool))
        events += any(_name(str(names.get(kind))) in _EVENTS for kind in _KINDS)
    return 4 * events >= len(items) or any(2 * count >= len(items) for count in members.values())


def _keys(objects: Iterable[dict[str, Any]]) -> Iterable[str]:
    return dict.fromkeys(key for item in objects for key in item)


def _author_object(path: str) -> str:
    """The path of the object that is about the author, where the path leads into one; otherwise empty."""
    keys = path.split(".")
    inside = next((i for i, key in enumerate(keys[:-1]) if _name(key) in _AUTHORS), None)
    return "" if inside is None else ".".join(keys[: inside + 1])


def _is_text(path: str) -> bool:
    return _last(path) in _ANY_TEXTS and not _author_object(path)


def _is_prose(text: str) -> bool:
    """Whether a text reads like a sentence: four words, or eight characters of a script that has no spaces."""
    plain = _plain(text)
    return len(plain.split()) >= 4 or len(_CHINESE.findall(plain)) >= 8


def _plain(text: Any) -> str:
    return " ".join(html_to_text(text).split()) if isinstance(text, str) else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _can_be_named(key: str) -> bool:
    return bool(key) and "." not in key and "[" not in key


@lru_cache(maxsize=4096)
def _name(key: str) -> str:
    return "".join(c for c in key.lower() if c.isalnum())


def _last(path: str) -> str:
    return _name(path.rpartition(".")[2])


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _is_above(path: str, below: str) -> bool:
    return not path or path == below or below.startswith(path + ".")


def _shared(paths: list[str]) -> str:
    """The longest path that all of these start with."""
    shared = []
    for keys in zip(*(path.split(".") for path in paths), strict=False):
        if len(set(keys)) > 1 or not keys[0]:
            break
        shared.append(keys[0])
    return ".".join(shared)


def _below(post: str, path: str) -> str:
    return path[len(post) + 1 :] if post else path
