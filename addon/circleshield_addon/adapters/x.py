"""X: every GraphQL timeline, told by the operation's name; the hash in front of it changes with each release."""

import re
from collections.abc import Iterator
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot, first
from circleshield_addon.json_spans import JsonText, Span

_TIMELINES = (
    "HomeTimeline|HomeLatestTimeline|ListLatestTweetsTimeline|UserTweets|UserTweetsAndReplies|UserMedia|Likes|Bookmarks"
    "|BookmarkSearchTimeline|SearchTimeline|CommunityTweetsTimeline|CommunityTweetSearchModuleQuery"
    "|CommunitiesExploreTimeline|ExplorePage|GenericTimelineById|TopicLandingPage|ModeratedTimeline|UserHighlightsTweets"
)

# In a top-level entry, in a module's item, in a pin instruction.
_TWEETS = (
    "content.itemContent.tweet_results.result",
    "item.itemContent.tweet_results.result",
    "entry.content.itemContent.tweet_results.result",
)

_NO_ENTITIES = '{"hashtags":[],"media":[],"symbols":[],"urls":[],"user_mentions":[]}'


def _instructions(text: JsonText, span: Span, depth: int = 0) -> Iterator[Span]:
    """The `instructions` arrays, wherever each operation keeps its own."""
    for key, member in text.members(span).items():
        if key == "instructions":
            yield member
        elif depth < 6:
            yield from _instructions(text, member, depth + 1)


def _slots(text: JsonText) -> Iterator[Slot]:
    return _all_slots(text, conversation=False)


def _conversation_slots(text: JsonText) -> Iterator[Slot]:
    return _all_slots(text, conversation=True)


def _all_slots(text: JsonText, conversation: bool) -> Iterator[Slot]:
    for array in _instructions(text, text.root):
        instructions = text.elements(array)
        for index, span in enumerate(instructions):
            instruction = text.members(span)
            if "entry" in instruction:  # TimelinePinEntry: the instruction goes with its only entry
                yield Slot(instructions, index)
            for key in ("entries", "moduleItems"):
                if key in instruction:
                    yield from _entry_slots(text, text.elements(instruction[key]), conversation)


def _entry_slots(text: JsonText, entries: tuple[Span, ...], conversation: bool) -> Iterator[Slot]:
    for index, span in enumerate(entries):
        yield Slot(entries, index, removable=not (conversation and _is_tweet(text, span)))
        for module in text.find("content.items", span):
            items = text.elements(module)
            for nested in range(len(items)):
                yield Slot(items, nested)


def _is_tweet(text: JsonText, entry: Span) -> bool:
    """An entry that is one tweet: in a conversation, the one that was opened or one that it answers."""
    return any(str(text.value(name)).startswith("tweet-") for name in text.find("entryId", entry))


def _promoted(item: dict[str, Any]) -> bool:
    if str(item.get("entryId", "")).startswith(("promoted-tweet-", "promotedTweet-")):
        return True
    return any(
        first(item, path.removesuffix("tweet_results.result") + "promotedMetadata") is not None for path in _TWEETS
    )


ADAPTER = Adapter(
    name="x",
    title="X (Twitter)",
    hosts=("x.com", "www.x.com", "mobile.x.com", "api.x.com", "twitter.com", "mobile.twitter.com", "api.twitter.com"),
    endpoints=tuple(
        Endpoint(re.compile(rf"(?:/i/api)?/graphql/[^/]+/(?:{operations})"), items=items, post=_TWEETS, method=method)
        for operations, items in ((_TIMELINES, _slots), ("TweetDetail", _conversation_slots))
        for method in ("GET", "POST")
    ),
    fields=Fields(
        id=("rest_id", "legacy.id_str"),
        author_id=("core.user_results.result.rest_id", "legacy.user_id_str"),
        author=("core.user_results.result.core.screen_name", "core.user_results.result.legacy.screen_name"),
        text=(("note_tweet.note_tweet_results.result.text", "legacy.full_text"),),
        html=frozenset(("legacy.full_text",)),  # only its & < > are escaped
        inner=("legacy.retweeted_status_result.result", "quoted_status_result.result"),
        main=("legacy.full_text", "note_tweet.note_tweet_results.result.text"),
        drop={
            "legacy.retweeted_status_result": None,
            "quoted_status_result": None,
            "legacy.extended_entities": None,
            "card": None,
        },
        positions={
            "legacy.entities": _NO_ENTITIES,
            "legacy.display_text_range": "[0,100000]",
            "note_tweet.note_tweet_results.result.entity_set": _NO_ENTITIES,
        },
    ),
    confidence="high",
    as_of="2026-08",
    wrapper="tweet",  # TweetWithVisibilityResults
    item_is_ad=_promoted,
)
