"""Recorded traffic: HAR files of browsers and flow dumps of mitmproxy, read and written back with other bodies.

HAR: http://www.softwareishard.com/blog/har-12-spec/. Response bodies in a HAR file are already decompressed.
"""

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from circleshield_addon.json_spans import Edit, JsonError, JsonText, Span, spliced
from circleshield_model.errors import InputError

_BOM = b"\xef\xbb\xbf"
_TNETSTRING = re.compile(rb"[1-9]\d{0,11}:\d{1,4}:")  # a dictionary's length, and that of its first key
_HAR = re.compile(rb'\s*\{\s*"log"\s*:')


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response. `content_encoding` says how `body` is coded: in a HAR file not at all."""

    method: str
    url: SplitResult
    status: int
    content_type: str
    content_encoding: str
    body: bytes


class Capture(Protocol):
    """A recording: its exchanges, and the same recording with other response bodies."""

    exchanges: tuple[Exchange, ...]

    def edited(self, bodies: Mapping[int, bytes]) -> bytes:
        """The recording's bytes with these bodies, by the exchange's number; all else as it was."""
        ...


def is_capture(head: bytes) -> bool:
    """Whether a file that begins so is a recording."""
    return bool(_TNETSTRING.match(head) or _HAR.match(head.removeprefix(_BOM)))


def read_capture(data: bytes) -> Capture | None:
    """The recording in the bytes of a file, told by what is in it; None where it is none.

    Raises InputError where it is one, but broken.
    """
    if _TNETSTRING.match(data):
        return FlowDump(data)
    if data.removeprefix(_BOM).lstrip()[:1] == b"{":
        try:
            text = JsonText(data.removeprefix(_BOM))
        except JsonError:
            if _HAR.match(data.removeprefix(_BOM)):
                raise InputError("the HAR file is broken: it is not JSON, or was cut off") from None
            return None
        entries = next(text.find("log.entries"), None)
        return Har(data, text, entries) if entries is not None else None
    return None


class Har:
    """A HAR file. Bodies are written back as they were: as text or in base64; sizes it notes are left as they are."""

    def __init__(self, data: bytes, text: JsonText, entries: Span) -> None:
        self._bom = data[: len(data) - len(text.body)]
        self._text = text
        self._places: list[tuple[Span | None, bool]] = []  # of the body's string, and whether it is base64
        self.exchanges = tuple(self._exchange(i, span) for i, span in enumerate(text.elements(entries)))

    def edited(self, bodies: Mapping[int, bytes]) -> bytes:
        """As `Capture.edited`."""
        edits: list[Edit] = []
        for number, body in bodies.items():
            span, in_base64 = self._places[number]
            if span is not None:
                before = self._text.body[slice(*span)]
                written = base64.b64encode(body).decode() if in_base64 else body.decode()
                edits.append((*span, json.dumps(written, ensure_ascii=before.isascii()).encode()))
        return self._bom + spliced(self._text.body, edits)

    def _exchange(self, number: int, entry: Span) -> Exchange:
        text = self._text

        def at(path: str, instead: object) -> object:
            found = next((text.value(span) for span in text.find(path, entry)), instead)
            return found if isinstance(found, type(instead)) else instead

        span = next((span for span in text.find("response.content.text", entry)), None)
        held = text.value(span) if span is not None else ""
        if not isinstance(held, str):
            span, held = None, ""
        in_base64 = at("response.content.encoding", "") == "base64"
        try:
            body = base64.b64decode(held, validate=False) if in_base64 else held.encode()
            url = urlsplit(str(at("request.url", "")))
        except (binascii.Error, ValueError) as e:
            raise InputError(f"the HAR file is broken: entry {number + 1}: {e}") from e
        self._places.append((span, in_base64))
        mime = str(at("response.content.mimeType", ""))
        return Exchange(
            method=str(at("request.method", "")).upper(),
            url=url,
            status=int(str(at("response.status", 0))),
            content_type=mime if in_base64 else mime.partition(";")[0],  # text has no charset any more
            content_encoding="",
            body=body,
        )


class FlowDump:
    """A flow dump of mitmproxy, as `mitmdump -w` writes it. Flows that stay as they are keep their bytes."""

    def __init__(self, data: bytes) -> None:
        from mitmproxy.exceptions import FlowReadException
        from mitmproxy.http import HTTPFlow
        from mitmproxy.io import FlowReader

        stream = io.BytesIO(data)
        self._data = data
        self._flows: list[tuple[int, int, HTTPFlow]] = []
        exchanges = []
        start = 0
        try:
            for flow in FlowReader(stream).stream():
                end = stream.tell()
                if isinstance(flow, HTTPFlow) and flow.response is not None and flow.response.raw_content is not None:
                    headers = flow.response.headers
                    exchanges.append(
                        Exchange(
                            method=flow.request.method.upper(),
                            url=urlsplit(flow.request.pretty_url),
                            status=flow.response.status_code,
                            content_type=headers.get("content-type", ""),
                            content_encoding=headers.get("content-encoding", ""),
                            body=flow.response.raw_content,
                        )
                    )
                    self._flows.append((start, end, flow))
                start = end
        except (FlowReadException, ValueError, KeyError, TypeError) as e:
            raise InputError(f"the flow dump is broken after {len(self._flows)} flows, or was cut off") from e
        self.exchanges = tuple(exchanges)

    def edited(self, bodies: Mapping[int, bytes]) -> bytes:
        """As `Capture.edited`; the headers that speak of the body follow it, as they do in the proxy."""
        from mitmproxy.io import FlowWriter

        from circleshield_addon.shield import put

        edits: list[Edit] = []
        for number, body in bodies.items():
            start, end, flow = self._flows[number]
            assert flow.response is not None
            put(flow.response, body)
            written = io.BytesIO()
            FlowWriter(written).add(flow)
            edits.append((start, end, written.getvalue()))
        return spliced(self._data, edits)
