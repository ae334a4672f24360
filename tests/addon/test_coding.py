"""Content codings and charsets, there and back; what is broken is refused."""

import encodings
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from circleshield_addon import coding
from circleshield_addon.coding import CodingError, decode

TEXT = '{"text":"面膜到货 😀"}'.encode()


def _raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


CODED = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "GZIP": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "br": brotli.compress(TEXT),
    "zstd": zstandard.compress(TEXT),
    "gzip, br": brotli.compress(gzip.compress(TEXT)),
}


@pytest.mark.parametrize("name", CODED)
def test_every_coding_there_and_back(name: str) -> None:
    text, how = decode(CODED[name], name)
    assert text == TEXT
    assert decode(how.encode(b"[1]"), name)[0] == b"[1]"


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate", "br", "zstd"]))
def test_any_text_there_and_back(data: bytes, name: str) -> None:
    data = b'"' + data.hex().encode() + b'"'
    coded = coding._ENCODERS[name](data)
    text, how = decode(coded, name)
    assert text == data
    assert decode(how.encode(text), name)[0] == data


def test_deflate_without_its_header_stays_so() -> None:
    text, how = decode(_raw_deflate(TEXT), "deflate")
    assert text == TEXT
    assert zlib.decompress(how.encode(b"[]"), wbits=-15) == b"[]"


def test_gzip_of_several_members() -> None:
    assert decode(gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), "gzip")[0] == TEXT


def test_zstd_of_several_frames() -> None:
    assert decode(zstandard.compress(TEXT[:9]) + zstandard.compress(TEXT[9:]), "zstd")[0] == TEXT


def test_a_header_that_is_wrong_or_missing() -> None:
    assert decode(TEXT, "gzip")[0] == TEXT
    text, how = decode(gzip.compress(TEXT))
    assert text == TEXT
    assert gzip.decompress(how.encode(b"[]")) == b"[]"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_truncated_data_are_refused(name: str, keep: float) -> None:
    data = coding._ENCODERS[name](bytes(range(256)) * 40)
    with pytest.raises(CodingError):
        decode(data[: int(len(data) * keep)], name)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_trailing_bytes_are_refused(name: str) -> None:
    with pytest.raises(CodingError):
        decode(CODED[name] + b"trailing", name)


def test_a_wrong_checksum_is_refused() -> None:
    data = bytearray(CODED["gzip"])
    data[-5] ^= 1
    with pytest.raises(CodingError, match="corrupt"):
        decode(bytes(data), "gzip")


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_not_blown_up(name: str) -> None:
    most = 1_000_000
    bomb = coding._ENCODERS[name](bytes(64 * most))
    assert len(bomb) < most
    tracemalloc.start()
    try:
        with pytest.raises(CodingError, match="more than is read"):
            decode(bomb, name, most=most)
        assert tracemalloc.get_traced_memory()[1] < 4 * most
    finally:
        tracemalloc.stop()


def test_a_window_that_takes_128_megabytes_is_refused() -> None:
    with pytest.raises(CodingError):
        decode(_zstd(27), "zstd")
    assert decode(_zstd(23), "zstd")[0] == TEXT


def _zstd(window_log: int) -> bytes:
    parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()  # which does not say how long it is
    return stream.compress(TEXT) + stream.flush()


@pytest.mark.parametrize(("name", "layer"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_parts_without_number_are_refused(name: str, layer: Callable[[bytes], bytes]) -> None:
    assert decode(layer(TEXT) + 50 * layer(b""), name)[0] == TEXT
    with pytest.raises(CodingError, match="more parts"):
        decode(layer(TEXT) + 200 * layer(b""), name)


@pytest.mark.parametrize("name", ["snappy", "gzip, nonsense", "compress"])
def test_unknown_codings_are_refused(name: str) -> None:
    with pytest.raises(CodingError, match="unknown"):
        decode(b"\x00\x01", name)


@pytest.mark.parametrize(
    "charset", ["gbk", "GB18030", "big5", "shift_jis", "utf-16", "utf-16-le", "utf-32-be", '"gbk"']
)
def test_charsets_there_and_back(charset: str) -> None:
    text = '{"text":"面子"}'
    raw = text.encode(charset.strip('"'))
    utf8, how = decode(raw, "", charset)
    assert utf8 == text.encode()
    assert how.encode(utf8) == raw


def test_utf8_counts_before_the_charset_that_is_named() -> None:
    assert decode(TEXT, "", "gbk")[0] == TEXT
    assert decode(TEXT, "", "iso-8859-1")[1].encode(TEXT) == TEXT


def test_a_byte_order_mark_is_kept() -> None:
    utf8, how = decode(b"\xef\xbb\xbf[1]")
    assert utf8 == b"[1]"
    assert how.encode(b"[]") == b"\xef\xbb\xbf[]"


@pytest.mark.parametrize("charset", ["", "utf-8", "gbk", "nonsense", "zlib", "mbcs"])
def test_bytes_outside_the_charset_are_refused(charset: str) -> None:
    with pytest.raises(CodingError):
        decode(b'"\xff\xff\x1b"', "", charset)


@pytest.mark.parametrize("charset", ["utf-7", "ISO-2022-JP", "csISO2022JP", "hz", "hz-gb-2312"])
def test_charsets_with_shift_states_are_refused(charset: str) -> None:
    with pytest.raises(CodingError, match="shift states"):
        decode('{"text":"面"}'.encode(charset), "", charset)


def test_names_of_unknown_charsets_are_not_kept() -> None:
    for number in range(100):
        with pytest.raises(CodingError):
            decode(b"\xff", "", f"nonsense-{number}")
    assert not any(name.startswith("nonsense_") for name in encodings._cache)


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "gzip", "deflate", "br", "zstd"]),
    st.sampled_from(["", "gbk", "utf-16"]),
)
def test_nothing_but_coding_errors_on_any_bytes(data: bytes, name: str, charset: str) -> None:
    try:
        text, how = decode(data, name, charset)
    except CodingError:
        return
    assert decode(how.encode(text), name, charset)[0] == text
