"""Hands on what there is of a response that the origin cut off.

mitmproxy answers 502 and drops the part it had buffered. Without the filter the client would have got that part, so it
gets it here as well, and then the closed connection.
"""

from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import RequestProtocolError, ResponseData, ResponseProtocolError

CUT = "circleshield.cut"
"""In a flow's metadata: the origin broke off; without it, an error is the client's."""

_handle_protocol_error = HttpStream.handle_protocol_error


def install() -> None:
    """Takes effect for every connection of this process. Does nothing the second time."""
    HttpStream.handle_protocol_error = _hand_on_then_handle  # type: ignore[method-assign]


def _hand_on_then_handle(
    self: HttpStream, event: RequestProtocolError | ResponseProtocolError
) -> layer.CommandGenerator[None]:
    if isinstance(event, ResponseProtocolError):
        self.flow.metadata[CUT] = True
        if self.server_state == self.state_consume_response_body:
            partial = bytes(self.response_body_buf)
            self.response_body_buf.clear()
            yield from self.start_response_stream()
            if partial:  # an empty chunk would end the body
                yield SendHttp(ResponseData(self.stream_id, partial), self.context.client)
    yield from _handle_protocol_error(self, event)
