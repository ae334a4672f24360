"""Content codings and charsets: from the bytes on the wire to UTF-8 and back.

mitmproxy's own `get_content` has no size limit, accepts a truncated gzip and reads only its first member, so the
bytes are decoded here: capped, and only if the compressed data has its true end. Content codings: RFC 9110, 8.4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from encodings import normalize_encoding
from encodings.aliases import aliases

import brotli
import zstandard
from isal import isal_zlib

MAX_DECODED_BYTES = 8 * 1024 * 1024
"""A feed page is under 5 MB; what is larger, or decodes to more than this, passes unread."""

_MAX_LAYERS = 4  # servers use one, proxies in front of them perhaps another
_MAX_MEMBERS = 100  # each costs a copy of what follows it
_ZSTD_WINDOW = 1 << 23  # RFC 9659: all that a content coding may need
_ZSTD_STEP = 128  # bytes of input at a time: the library has no limit of output, and four bytes can give 128 KB
_PIECE_BYTES = 256 * 1024  # output at a time, so that a bomb is let go before its pieces are joined

_ISAL_ERROR: type[Exception] = isal_zlib.error  # type: ignore[assignment]  # declared as an instance
_CHARSETS = frozenset(aliases.values())  # Python looks for any other on disk, and keeps its name for good
_STATEFUL_CHARSETS = ("iso2022", "hz", "utf_7")  # in them a quotation mark may be half of a letter
# A quarter of the time of the levels that servers use, a tenth more bytes at most, on the way to a client that is near.
_QUICK = {"gzip": 1, "br": 1, "zstd": 1}


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


def decode(
    raw: bytes, content_encoding: str = "", charset: str = "", most: int = MAX_DECODED_BYTES
) -> tuple[bytes, Coding]:
    """The body as UTF-8 without byte order mark, and how to code it again; `most` is how many bytes it may decode to.

    Raises CodingError when the coding is unknown, the data are corrupt, truncated or too large, or the charset does
    not give back the same bytes.
    """
    layers: list[str] = []
    names = [part.strip().lower() for part in content_encoding.split(",")]
    if len(names) > _MAX_LAYERS:
        raise CodingError("more content codings than are undone")
    for name in reversed(names):
        if name in ("", "identity") or _is_plain_json(raw):  # some servers name a coding they did not apply
            continue
        if name == "deflate" and not _has_zlib_header(raw):  # RFC 9110, 8.4.1.2: some send it without the header
            name = "raw-deflate"
        layer = "gzip" if name == "x-gzip" else name
        if layer not in _DECODERS:
            raise CodingError(f"unknown content coding {layer[:20]!r}")
        raw = _DECODERS[layer](raw, most)
        layers.insert(0, layer)
    if not layers and raw[:3] == b"\x1f\x8b\x08":  # … and some do not name the one they did
        raw, layers = _gunzip(raw, most), ["gzip"]
    if len(raw) > most:
        raise CodingError("more than is read")
    name = normalize_encoding(charset.strip().strip("\"'")).lower()
    text, charset, bom = _to_utf8(raw, aliases.get(name, name))
    return text, Coding(tuple(layers), charset, bom)


def _is_plain_json(raw: bytes) -> bool:
    return raw.lstrip(b" \t\r\n")[:1] in (b"{", b"[") and raw.rstrip(b" \t\r\n")[-1:] in (b"}", b"]")


def _has_zlib_header(raw: bytes) -> bool:
    return len(raw) > 1 and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0  # RFC 1950, 2.2


def _to_utf8(raw: bytes, charset: str) -> tuple[bytes, str, bytes]:
    bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    raw = raw[len(bom) :]
    if charset.startswith(_STATEFUL_CHARSETS):
        raise CodingError("charset with shift states")
    if charset.startswith(("utf_16", "utf_32")):
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
    if charset in ("", "utf_8"):
        raise CodingError("not valid UTF-8")
    if charset not in _CHARSETS:
        raise CodingError("unknown charset")
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if charset == "utf_16" and raw.startswith(mark):
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


class _Output:
    """What comes out of a decoder, as long as it is not too much."""

    def __init__(self, most: int) -> None:
        self._pieces: list[bytes] = []
        self._left = most

    def add(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise CodingError("decodes to more than is read")
        self._pieces.append(piece)

    def joined(self) -> bytes:
        return b"".join(self._pieces)


def _gunzip(raw: bytes, most: int) -> bytes:
    out = _Output(most)
    for _ in range(_MAX_MEMBERS):  # RFC 1952, 2.2: a file is a series of members
        raw = _inflate(31, raw, out)
        if not raw:
            return out.joined()
    raise CodingError("in more parts than are read")


def _inflate(wbits: int, raw: bytes, out: _Output) -> bytes:
    """Decodes one member or stream; what stands behind its end is left over."""
    stream = isal_zlib.decompressobj(wbits)
    try:
        while not stream.eof:
            piece = stream.decompress(raw, _PIECE_BYTES)
            raw = stream.unconsumed_tail
            if not piece and not raw and not stream.eof:
                raise CodingError("truncated compressed data")
            out.add(piece)
        return stream.unused_data
    except _ISAL_ERROR as e:
        raise CodingError("corrupt compressed data") from e


def _zlib_decoder(wbits: int) -> Callable[[bytes, int], bytes]:
    def decode(raw: bytes, most: int) -> bytes:
        out = _Output(most)
        if _inflate(wbits, raw, out):
            raise CodingError("bytes after the end of the compressed data")
        return out.joined()

    return decode


def _zlib_encoder(wbits: int) -> Callable[[bytes], bytes]:
    def encode(raw: bytes) -> bytes:
        stream = isal_zlib.compressobj(_QUICK["gzip"], isal_zlib.DEFLATED, wbits)
        return stream.compress(raw) + stream.flush()

    return encode


def _unbrotli(raw: bytes, most: int) -> bytes:
    stream, out = brotli.Decompressor(), _Output(most)
    try:
        out.add(stream.process(raw, output_buffer_limit=_PIECE_BYTES))
        while not stream.can_accept_more_data():
            out.add(stream.process(b"", output_buffer_limit=_PIECE_BYTES))
    except brotli.error as e:
        raise CodingError("corrupt compressed data") from e
    if not stream.is_finished():
        raise CodingError("truncated compressed data")
    return out.joined()


def _unzstd(raw: bytes, most: int) -> bytes:
    out = _Output(most)
    for _ in range(_MAX_MEMBERS):  # RFC 8878, 3: one frame or more
        stream = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        try:
            at = 0
            while at < len(raw) and not stream.eof:
                out.add(stream.decompress(raw[at : at + _ZSTD_STEP]))
                at += _ZSTD_STEP
        except zstandard.ZstdError as e:
            raise CodingError("corrupt compressed data") from e
        if not stream.eof:
            raise CodingError("truncated compressed data")
        raw = stream.unused_data + raw[at:]
        if not raw:
            return out.joined()
    raise CodingError("in more parts than are read")


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
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
    "br": lambda raw: brotli.compress(raw, quality=_QUICK["br"]),
    "zstd": lambda raw: zstandard.ZstdCompressor(level=_QUICK["zstd"]).compress(raw),
}
