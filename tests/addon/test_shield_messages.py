"""WebSocket messages as the Shield hands them on."""

import asyncio

from mitmproxy.http import HTTPFlow
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import Opcode

from circleshield_addon.adapters import mastodon
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.settings import Settings
from circleshield_addon.shield import Shield
from circleshield_addon.streams import StreamFilter
from circleshield_model.scorer import Scorer

SCORER = Scorer.load()


class _Writes(StreamFilter):
    def edited(self, data: bytes, name: str = "") -> bytes | None:
        return '{"面":"膜"}'.encode()


def _flow(content: bytes) -> HTTPFlow:
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    flow.websocket.messages.append(WebSocketMessage(Opcode.TEXT, False, content))
    judge = Judge(SCORER, Settings())
    flow.metadata["circleshield.events"] = _Writes(
        mastodon.ADAPTER, mastodon.ADAPTER.streams[1], lambda: judge, Notes()
    )
    return flow


def test_an_edited_message_is_never_as_long_as_before() -> None:
    """mitmproxy would keep the frames of one that is, and cut its characters in half."""
    flow = _flow(b'{"abcd":"ef"}')
    asyncio.run(Shield(SCORER, Settings()).websocket_message(flow))
    assert flow.websocket is not None
    (message,) = flow.websocket.messages
    assert message.content == '{"面":"膜"} '.encode()
    assert len(message.content) == len(b'{"abcd":"ef"}') + 1
