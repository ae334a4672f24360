"""Lines of a text file whose encoding nobody wrote down: told by its bytes, and said."""

import codecs
import io
from collections import Counter
from collections.abc import Iterator
from typing import IO, NamedTuple

from circleshield_model.errors import InputError

LONGEST = 1 << 20
"""Bytes, or characters of UTF-16, that a line may have."""

_BLOCK = 1 << 20
_SAMPLE = 1 << 14  # bytes that tell one UTF-16 from the other
_BOMS = ((codecs.BOM_UTF8, "UTF-8"), (codecs.BOM_UTF16_LE, "UTF-16-LE"), (codecs.BOM_UTF16_BE, "UTF-16-BE"))
_WIDE = ("utf-16", "utf_16", "utf16", "utf-32", "utf_32", "utf32")
_CODECS = {"UTF-8": "utf-8", "GB18030": "gb18030"}


class Fault(NamedTuple):
    """A line (counted from 1) that cannot be used, and why."""

    number: int
    reason: str


class Line(NamedTuple):
    """A line with its end, and its number."""

    number: int
    text: str


class Lines:
    """The lines of a seekable binary stream, each as text or as a fault.

    UTF-8 with or without a byte order mark, and UTF-16, are told from the whole file. Where it is neither, each line by
    itself is UTF-8 or GB18030: files put together from several may hold both. A given encoding is taken at its word.
    """

    def __init__(self, stream: IO[bytes], name: str, encoding: str | None = None) -> None:
        """Reads the stream once to tell its encoding. InputError for an unknown encoding, and for what is no text."""
        self._stream, self._name = stream, name
        self._found: Counter[str] = Counter()
        self._start = 0
        self._encoding = _known(encoding) if encoding else self._told()

    def encoding(self) -> str:
        """What it is, in words; of a file that is not UTF-8, as far as it was read."""
        if self._encoding:
            return self._encoding
        if len(self._found) < 2:
            return "GB18030, as it is not UTF-8"
        return "a mixture: " + ", ".join(f"{count} lines {name}" for name, count in self._found.most_common())

    def __iter__(self) -> Iterator[Line | Fault]:
        self._stream.seek(self._start)
        self._found.clear()
        if self._encoding.lower().startswith(_WIDE):
            yield from self._wide()
        else:
            yield from self._narrow()

    def _told(self) -> str:
        head = self._stream.read(_BLOCK)
        for mark, name in _BOMS:
            if head.startswith(mark):
                self._start = len(mark)
                if name != "UTF-8":
                    return name
        if b"\0" in head:
            if (guess := _utf_16(head)) is not None:
                return guess
            raise InputError(f"{self._name}: is no text: it has NUL bytes; --encoding names one it should be read in")
        decoder = codecs.getincrementaldecoder("utf-8")()
        self._stream.seek(self._start)
        try:
            while block := self._stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return ""
        return "UTF-8 with a byte order mark" if self._start else "UTF-8"

    def _narrow(self) -> Iterator[Line | Fault]:
        number = 0
        while line := self._stream.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST and not line.endswith(b"\n"):
                self._skip_line()
                yield Fault(number, f"longer than {LONGEST} bytes")
                continue
            try:
                yield Line(number, self._decoded(line))
            except UnicodeDecodeError:
                yield Fault(number, f"not {self._encoding or ' and not '.join(_CODECS)}")

    def _skip_line(self) -> None:
        while (line := self._stream.readline(LONGEST)) and not line.endswith(b"\n"):
            pass

    def _decoded(self, line: bytes) -> str:
        if self._encoding:
            return line.decode(self._encoding.split(" ", 1)[0])
        if line.isascii():
            return line.decode()
        try:
            text = line.decode("utf-8")
            # Some pairs of ideographs in GB18030, such as 模式, are also UTF-8 of scripts that nobody mixes with them.
            name = "UTF-8" if max(text) > "\u0800" or not _decodes(line, "gb18030") else "GB18030"
        except UnicodeDecodeError:
            name = "GB18030"
        text = line.decode(_CODECS[name])
        self._found[name] += 1
        return text

    def _wide(self) -> Iterator[Line | Fault]:
        text = io.TextIOWrapper(self._stream, self._encoding, newline="\n")
        number = 0
        try:
            while line := text.readline(LONGEST):
                number += 1
                if len(line) == LONGEST and not line.endswith("\n"):
                    while (line := text.readline(LONGEST)) and not line.endswith("\n"):
                        pass
                    yield Fault(number, f"longer than {LONGEST} characters")
                    continue
                yield Line(number, line.removeprefix("\ufeff") if number == 1 else line)
        except UnicodeDecodeError as e:
            raise InputError(f"{self._name}: is not {self._encoding} after line {number}") from e
        finally:
            text.detach()


def _known(encoding: str) -> str:
    try:
        if codecs.lookup(encoding)._is_text_encoding:
            return encoding
    except LookupError:
        pass
    raise InputError(f"{encoding}: is no encoding that is known, such as utf-8, gb18030, big5, utf-16")


def _utf_16(head: bytes) -> str | None:
    """Which UTF-16 text without a mark is in, by the bytes that its ASCII characters leave empty."""
    low, high = head[:_SAMPLE:2], head[1:_SAMPLE:2]
    little = sum(not h and 9 <= c < 127 for c, h in zip(low, high, strict=False))
    big = sum(not c and 9 <= h < 127 for c, h in zip(low, high, strict=False))
    name = "UTF-16-LE" if little > big else "UTF-16-BE"
    if not max(little, big) or not _decodes(head[:_SAMPLE], name, final=False):
        return None
    return name


def _decodes(data: bytes, encoding: str, final: bool = True) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final)
    except UnicodeDecodeError:
        return False
    return True
