"""Content codings and charsets: from the bytes on the wire to UTF-8 and back.

mitmproxy's own `get_content` has no size limit, accepts a truncated gzip and reads only its first member, so the
bytes are decoded here: capped, and only if the compressed data has its true end. Content codings: RFC 9110, 8.4.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import brotli
import zstandard

MAX_DECODED_BYTES = 32 * 1024 * 1024
"""A feed page is under 5 MB; what decodes to more than this passes unread."""

_STATEFUL_CHARSETS = ("iso-2022", "hz", "utf-7", "utf7")  # a cut would lose their shift state
_SLOW_BUT_SMALLER = {"gzip": 5, "br": 4, "zstd": 3}  # levels near what servers use for pages made on the fly


class CodingError(ValueError):
    """A body that cannot be decoded, or not to the end; the message never quotes it."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How a body was coded: content codings in the order they were applied, and its charset."""

    layers: tuple[str, ...]
    charset: str
    bom: bytes

    def encode(self, text: bytes) -> bytes:
        """UTF-8 bytes back into the same coding."""
        raw = self.bom + (text if self.charset == "utf-8" else text.decode().encode(self.charset))
        for layer in self.layers:
            raw = _ENCODERS[layer](raw)
        return raw


def decode(raw: bytes, content_encoding: str = "", charset: str = "") -> tuple[bytes, Coding]:
    """The body as UTF-8 without byte order mark, and how to code it again.

    Raises CodingError when the coding is unknown, the data are corrupt, truncated or too large, or the charset does
    not give back the same bytes.
    """
    layers: list[str] = []
    for name in reversed([part.strip().lower() for part in content_encoding.split(",")]):
        if name in ("", "identity") or _is_plain_json(raw):  # some servers name a coding they did not apply
            continue
        if name == "deflate" and not _has_zlib_header(raw):  # RFC 9110, 8.4.1.2: some send it without the header
            name = "raw-deflate"
        layer = "gzip" if name == "x-gzip" else name
        if layer not in _DECODERS:
            raise CodingError(f"unknown content coding {layer[:20]!r}")
        raw = _DECODERS[layer](raw)
        layers.insert(0, layer)
    if not layers and raw[:3] == b"\x1f\x8b\x08":  # … and some do not name the one they did
        raw, layers = _gunzip(raw), ["gzip"]
    text, charset, bom = _to_utf8(raw, charset.strip().strip("\"'").lower())
    return text, Coding(tuple(layers), charset, bom)


def _is_plain_json(raw: bytes) -> bool:
    return raw.lstrip(b" \t\r\n")[:1] in (b"{", b"[") and raw.rstrip(b" \t\r\n")[-1:] in (b"}", b"]")


def _has_zlib_header(raw: bytes) -> bool:
    return len(raw) > 1 and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0  # RFC 1950, 2.2


def _to_utf8(raw: bytes, charset: str) -> tuple[bytes, str, bytes]:
    bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    raw = raw[len(bom) :]
    if charset.startswith("utf-16") or charset.startswith("utf-32"):
        pass  # half of such a text may be valid UTF-8
    elif raw.isascii():
        return raw, "utf-8", bom
    else:
        try:
            raw.decode()
        except UnicodeDecodeError:
            pass
        else:
            return raw, "utf-8", bom
    if charset in ("", "utf-8", "utf8") or charset.startswith(_STATEFUL_CHARSETS):
        raise CodingError("not valid UTF-8" if charset in ("", "utf-8", "utf8") else "charset with shift states")
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if charset == "utf-16" and raw.startswith(mark):
            raw, bom, charset = raw[2:], mark, name
    try:
        text = raw.decode(charset)
        same = text.encode(charset) == raw
        utf8 = text.encode()
    except (UnicodeError, LookupError) as e:
        raise CodingError("not in the charset it names") from e
    if not same:
        raise CodingError("its charset does not give back the same bytes")
    return utf8, charset, bom


def _gunzip(raw: bytes) -> bytes:
    out, size = [], 0
    while True:  # RFC 1952, 2.2: a file is a series of members
        member = zlib.decompressobj(31)
        out.append(_inflate(member, raw, size))
        size += len(out[-1])
        raw = member.unused_data
        if not raw:
            return b"".join(out)


def _inflate(stream: "zlib._Decompress", raw: bytes, already: int = 0) -> bytes:
    try:
        data = stream.decompress(raw, MAX_DECODED_BYTES + 1 - already)
    except zlib.error as e:
        raise CodingError("corrupt compressed data") from e
    if already + len(data) > MAX_DECODED_BYTES:
        raise CodingError("decodes to more than is read")
    if not stream.eof:
        raise CodingError("truncated compressed data")
    return data


def _zlib_decoder(wbits: int) -> Callable[[bytes], bytes]:
    def decode(raw: bytes) -> bytes:
        stream = zlib.decompressobj(wbits)
        data = _inflate(stream, raw)
        if stream.unused_data:
            raise CodingError("bytes after the end of the compressed data")
        return data

    return decode


def _zlib_encoder(wbits: int) -> Callable[[bytes], bytes]:
    def encode(raw: bytes) -> bytes:
        stream = zlib.compressobj(_SLOW_BUT_SMALLER["gzip"], zlib.DEFLATED, wbits)
        return stream.compress(raw) + stream.flush()

    return encode


def _unbrotli(raw: bytes) -> bytes:
    stream = brotli.Decompressor()
    try:
        data: bytes = stream.process(raw, output_buffer_limit=MAX_DECODED_BYTES + 1)
    except brotli.error as e:
        raise CodingError("corrupt compressed data") from e
    if len(data) > MAX_DECODED_BYTES:
        raise CodingError("decodes to more than is read")
    if not stream.is_finished():
        raise CodingError("truncated compressed data")
    return data


def _unzstd(raw: bytes) -> bytes:
    out, size = [], 0
    while raw:  # RFC 8878, 3: one frame or more
        stream = zstandard.ZstdDecompressor(max_window_size=2**27).decompressobj()
        try:
            # The library has no output limit for a stream object, so it is fed in pieces; 1 KB gives 32 MB at most.
            at = 0
            while at < len(raw) and not stream.eof:
                out.append(stream.decompress(raw[at : at + 1024]))
                size += len(out[-1])
                at += 1024
                if size > MAX_DECODED_BYTES:
                    raise CodingError("decodes to more than is read")
        except zstandard.ZstdError as e:
            raise CodingError("corrupt compressed data") from e
        if not stream.eof:
            raise CodingError("truncated compressed data")
        raw = stream.unused_data + raw[at:]
    return b"".join(out)


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gunzip,
    "deflate": _zlib_decoder(15),
    "raw-deflate": _zlib_decoder(-15),
    "br": _unbrotli,
    "zstd": _unzstd,
}
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _zlib_encoder(31),
    "deflate": _zlib_encoder(15),
    "raw-deflate": _zlib_encoder(-15),
    "br": lambda raw: brotli.compress(raw, quality=_SLOW_BUT_SMALLER["br"]),
    "zstd": lambda raw: zstandard.ZstdCompressor(level=_SLOW_BUT_SMALLER["zstd"]).compress(raw),
}
