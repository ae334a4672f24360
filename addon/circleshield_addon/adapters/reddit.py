"""Reddit: listings as JSON (the site's `.json` pages, the OAuth API), and the app's GraphQL."""

import re
from collections.abc import Iterator

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot
from circleshield_addon.json_spans import JsonText, Span


def _things(text: JsonText) -> Iterator[Slot]:
    """Posts (t3) and comments (t1); listings also hold communities, users and "load more" marks."""
    for array in text.find("data.children"):
        children = text.elements(array)
        for index, span in enumerate(children):
            if any(text.value(kind) in ("t1", "t3") for kind in text.find("kind", span)):
                yield Slot(children, index)


def _nodes(text: JsonText, span: Span | None = None, depth: int = 0) -> Iterator[Slot]:
    """The posts and advertisements of every `elements.edges`, wherever each operation keeps its own."""
    for key, member in text.members(span or text.root).items():
        if key == "elements":
            for array in text.find("edges", member):
                edges = text.elements(array)
                for index, edge in enumerate(edges):
                    types = (text.value(name) for name in text.find("node.__typename", edge))
                    if any(isinstance(name, str) and name.endswith(("Post", "CellGroup")) for name in types):
                        yield Slot(edges, index)
        elif depth < 4:
            yield from _nodes(text, member, depth + 1)


_NAME = r"[\w+-]+"
_SORT = "(?:hot|new|best|top|rising|controversial)"
_LISTING = (
    rf"/(?:{_SORT}|(?:r|user|u)/{_NAME}|r/{_NAME}/{_SORT}|user/{_NAME}/(?:submitted|overview|comments)"
    rf"|user/{_NAME}/m/{_NAME}(?:/{_SORT})?|(?:r/{_NAME}/)?search)?/?(?:\.json)?"
)

_NODE = Fields(
    id=("groupId", "id"),
    author_id=("authorInfo.id", "author.id"),
    author=("authorInfo.name", "author.name", "cells[].authorName"),
    text=(
        ("title", "postTitle", "cells[].title"),
        ("content.markdown", "content.preview", "cells[].text"),
    ),
    inner=("crosspostRoot.post",),
    ad={
        "__typename": frozenset(("AdPost",)),
        "adPayload": True,
        "cells[].__typename": frozenset(("AdMetadataCell",)),
        "cells[].isAdPost": True,
    },
    main=("title", "postTitle", "cells[].title"),
    drop={
        "content": "null",
        "crosspostRoot": "null",
        "media": "null",
        "gallery": "null",
        "thumbnail": "null",
        "thumbnailV2": "null",
    },
)

ADAPTER = Adapter(
    name="reddit",
    title="Reddit",
    hosts=("www.reddit.com", "old.reddit.com", "oauth.reddit.com", "gql.reddit.com", "gql-fed.reddit.com"),
    endpoints=(
        # A listing without things in it ends PRAW's iteration, whatever its `after` says.
        Endpoint(re.compile(_LISTING), items=_things, post=("data",), never_empty=True),
        Endpoint(re.compile(r"/"), items=_nodes, post=("node",), method="POST", fields=_NODE),
    ),
    fields=Fields(
        id=("name",),
        author_id=("author_fullname", "author"),
        author=("author",),
        text=(("title",), ("selftext", "body", "body_html")),
        html=frozenset(("body_html",)),
        inner=("crosspost_parent_list[]",),
        ad={"promoted": True},
        main=("title", "selftext", "body", "body_html"),
        drop={
            "crosspost_parent_list": None,
            "selftext_html": "null",
            "preview": None,
            "media": "null",
            "secure_media": "null",
            "media_embed": "{}",
            "secure_media_embed": "{}",
            "gallery_data": None,
            "media_metadata": None,
            "thumbnail": '""',
        },
    ),
    confidence="high",
    as_of="2026-08",
)
