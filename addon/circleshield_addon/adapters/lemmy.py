"""Lemmy, and what speaks its client API (PieFed, mbin in part): lists of posts and of comments."""

import re
from collections.abc import Iterator

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot
from circleshield_addon.json_spans import JsonText


def _comments(text: JsonText) -> Iterator[Slot]:
    """Clients hang answers under the comments they answer, so one that has answers has to stay."""
    for array in text.find("comments"):
        comments = text.elements(array)
        for index, span in enumerate(comments):
            answers = next(text.find("counts.child_count", span), None)
            yield Slot(comments, index, removable=answers is None or text.value(answers) == 0)


_COMMENT = Fields(
    id=("comment.id",),
    author_id=("creator.id",),
    author=("creator.name",),
    text=(("comment.content",),),
    main=("comment.content",),
)

ADAPTER = Adapter(
    name="lemmy",
    title="Lemmy",
    hosts=(
        "lemmy.world",
        "lemmy.ml",
        "lemmy.zip",
        "lemmy.ca",
        "feddit.org",
        "sh.itjust.works",
        "programming.dev",
        "discuss.tchncs.de",
    ),
    endpoints=(
        # Clients that count pages stop at an empty one.
        Endpoint(re.compile(r"/api/v3/post/list"), items=("posts",), never_empty=True),
        Endpoint(re.compile(r"/api/v3/comment/list"), items=_comments, fields=_COMMENT, never_empty=True),
        Endpoint(re.compile(r"/api/v3/(?:user|search)"), items=("posts",)),
    ),
    fields=Fields(
        id=("post.id",),
        author_id=("creator.id",),
        author=("creator.name",),
        text=(("post.name",), ("post.body",)),
        inner=("cross_posts[]",),
        main=("post.name", "post.body"),
        drop={
            "post.url": None,
            "post.thumbnail_url": None,
            "post.embed_title": None,
            "post.embed_description": None,
            "post.embed_video_url": None,
            "image_details": None,
        },
    ),
    confidence="medium",
    as_of="2026-11",
    federated=True,
)
