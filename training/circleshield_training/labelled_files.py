"""Posts in files as people have them: JSON Lines, CSV by the names of its columns, or plain text, a post a line."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Literal, NamedTuple, cast

from circleshield_model.errors import InputError
from circleshield_training.decoding import Fault, Line, Lines
from circleshield_training.samples import Sample
from circleshield_training.user_samples import Record, language_of

Form = Literal["jsonl", "csv", "text"]
COLUMNS = {
    "text": (
        *("text", "content", "body", "message", "full_text", "tweet", "sentence", "review"),
        *("内容", "正文", "文本", "微博正文", "微博内容", "微博中文内容", "帖子", "评论"),
    ),
    "label": (
        *("label", "labels", "class", "category", "target", "is_spam", "spam", "sales_spam"),
        *("标签", "类别", "分类", "标注", "是否广告"),
    ),
    "lang": ("lang", "language", "语言"),
    "source": ("source", "来源"),
    "author": ("author", "user", "username", "user_name", "screen_name", "nickname", "作者", "用户", "昵称", "博主"),
    "kind": ("kind",),
    "weight": ("weight", "权重"),
    "post": ("post", "post_id"),
}
"""What is read from a row, and the names that its column or key may have, the likeliest first."""

_PLAIN = {"sales_spam": True, "spam": True, "social": False, "ham": False}
_SPAM = (
    "ad",
    "ads",
    "advert",
    "advertisement",
    "广告",
    "微商",
    "营销",
    "推广",
    "垃圾",
    "是",
    "1",
    "1.0",
    "true",
    "yes",
)
_SOCIAL = ("normal", "friend", "正常", "朋友", "社交", "生活", "非广告", "不是广告", "否", "0", "0.0", "false", "no")
LABEL_WORDS = {**_PLAIN, **dict.fromkeys(_SPAM, True), **dict.fromkeys(_SOCIAL, False)}
"""Words for a label, in lower case: whether each means sales spam."""

_LONGEST = 100_000  # characters
_DELIMITERS = ",\t;|"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # our own CSV files have an apostrophe before these


class Row(NamedTuple):
    """A post in a file, and the line it begins in. Where it is not `labelled` its `spam` says nothing."""

    number: int
    record: Record
    labelled: bool


class Reading(NamedTuple):
    """How to read a file: what is None is told by its name and its first line.

    `label`, spam or not, is for rows without one; `source` is theirs if they name none. Where labels are not `wanted`
    a file needs none.
    """

    form: Form | None = None
    label: bool | None = None
    source: str = ""
    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    wanted: bool = True


class LabelledFile:
    """The rows of a seekable binary stream, and the lines that are none."""

    def __init__(self, stream: IO[bytes], name: str, how: Reading) -> None:
        """InputError where the file as a whole cannot be read so."""
        self.lines = Lines(stream, name, how.encoding)
        self._name, self._how = name, how
        self._names: dict[tuple[str, ...], dict[str, str]] = {}
        self.words: set[str] = set()
        """Words for labels, other than `sales_spam`, `spam`, `social` and `ham`, that were met."""
        head = faulty = ""
        for line in self.lines:
            if isinstance(line, Fault):
                faulty = line.reason
            elif head := line.text.strip():
                break
        if not head:
            raise InputError(f"{name}: {f'no line of it can be read: {faulty}' if faulty else 'is empty'}")
        if "\r" in head:
            raise InputError(f"{name}: its lines end in carriage returns alone; save it with the usual line ends")
        if head.startswith("["):
            raise InputError(f"{name}: begins with [: one JSON object a line is wanted (jq -c '.[]' makes it so)")
        self.form = how.form or self._form(head)

    def meanings(self) -> str:
        """What `words` were taken for."""
        return ", ".join(
            f"{word} is {'sales_spam' if LABEL_WORDS[word] else 'social'}" for word in sorted(self.words, reverse=True)
        )

    def _form(self, head: str) -> Form:
        for ends, form in (((".jsonl", ".ndjson", ".json"), "jsonl"), ((".csv", ".tsv"), "csv"), ((".txt",), "text")):
            if self._name.lower().endswith(ends):
                return cast(Form, form)
        if head.startswith("{"):
            return "jsonl"
        needs_columns = self._how.wanted and self._how.label is None
        return "csv" if needs_columns or "text" in self._columns(*_parted(head)[1]) else "text"

    def __iter__(self) -> Iterator[Row | Fault]:
        match self.form:
            case "jsonl":
                return self._jsonl()
            case "csv":
                return self._csv()
            case "text":
                return self._text()

    def _text(self) -> Iterator[Row | Fault]:
        for line in self.lines:
            if isinstance(line, Fault):
                yield line
            elif line.text.strip():
                yield self._row(line.number, {"text": line.text})

    def _jsonl(self) -> Iterator[Row | Fault]:
        for line in self.lines:
            if isinstance(line, Fault):
                yield line
            elif line.text.strip():
                yield self._object(line)

    def _object(self, line: Line) -> Row | Fault:
        try:
            row = json.loads(line.text)
        except (ValueError, RecursionError) as e:
            return Fault(line.number, f"not JSON ({e})")
        if not isinstance(row, dict):
            return Fault(line.number, "not a JSON object")
        try:
            names = self._columns(*row)
        except InputError as e:
            return Fault(line.number, str(e).removeprefix(f"{self._name}: "))
        if "text" not in names:
            return Fault(line.number, f"no text among its keys: {', '.join(row)[:200] or 'there are none'}")
        return self._row(line.number, {what: row[name] for what, name in names.items()})

    def _csv(self) -> Iterator[Row | Fault]:
        feed = _Feed(iter(self.lines))
        head = next((text for text in feed if text.strip()), "")
        delimiter, header = _parted(head)
        names = self._columns(*header)
        listed = ", ".join(header)[:300] or "nothing"
        if "text" not in names:
            raise InputError(
                f"{self._name}: line {feed.number} must name the columns, with one for the text; it has: {listed}"
                " (--text-column takes any of them)"
            )
        if "label" not in names and self._how.label is None and self._how.wanted:
            raise InputError(
                f"{self._name}: has no column of labels but: {listed} (--label-column takes any of them, and --label"
                " gives all rows the same)"
            )
        places = {what: header.index(name) for what, name in names.items()}
        reader = csv.reader(feed, delimiter=delimiter, strict=True)
        while True:
            feed.first = 0
            try:
                cells = next(reader, None)
            except csv.Error as e:
                to = f" (to line {feed.number})" if feed.number > feed.first else ""
                yield Fault(feed.first, f"not CSV{to}: {e}; is a quote not closed or not doubled?")
                continue
            finally:
                yield from feed.faults
                feed.faults.clear()
            if cells is None:
                return
            if len(cells) > len(header):
                yield Fault(feed.first, f"{len(cells)} columns, but there are {len(header)} names")
            elif any(cells):
                row = {what: cells[at] for what, at in places.items() if at < len(cells)}
                if row.get("text", "").startswith(tuple(f"'{c}" for c in _FORMULA)):
                    row["text"] = row["text"][1:]
                yield self._row(feed.first, row)

    def _columns(self, *header: str) -> dict[str, str]:
        """Which of these names stands for what. InputError for a column that was asked for and is not there."""
        found = self._names.get(header)
        if found is None:
            plain = {name.strip().casefold().replace(" ", "_").replace("-", "_"): name for name in reversed(header)}
            found = {
                what: plain[name]
                for what, names in COLUMNS.items()
                for name in [next((name for name in names if name in plain), "")]
                if name
            }
            for what, asked in (("text", self._how.text_column), ("label", self._how.label_column)):
                if asked is not None:
                    if asked not in header:
                        raise InputError(f"{self._name}: has no column {asked!r} but: {', '.join(header)[:300]}")
                    found = {key: name for key, name in found.items() if name != asked} | {what: asked}
            if len(self._names) < 1000:
                self._names[header] = found
        return found

    def _row(self, number: int, row: Mapping[str, object]) -> Row | Fault:
        text = row["text"]
        if not isinstance(text, str) or not (text := text.strip()):
            return Fault(number, "no text")
        if len(text) > _LONGEST:
            return Fault(number, f"a text of {len(text)} characters is no post")
        label = row.get("label")
        word = "" if label is None else str(label).strip().casefold()
        spam = LABEL_WORDS.get(word) if word else self._how.label
        if word and spam is None:
            return Fault(number, f"label {str(label)[:50]!r} is neither sales_spam nor social")
        if word and word not in _PLAIN:
            self.words.add(word)
        try:
            weight = float(str(row.get("weight") or 1))
        except ValueError:
            weight = 0
        if not 0 < weight < math.inf:
            return Fault(number, f"weight {row['weight']!r} is not a number above 0")
        said = {key: str(row.get(key) or "").strip()[:200] for key in ("lang", "source", "author", "kind", "post")}
        sample = Sample(
            text,
            bool(spam),
            said["lang"] or language_of(text),
            said["source"] or self._how.source,
            said["author"],
            said["kind"],
            weight,
        )
        return Row(number, Record(sample, said["post"]), spam is not None)


class _Feed:
    """Lines for the CSV reader, without the faulty ones; where the row it is at began."""

    def __init__(self, lines: Iterator[Line | Fault]) -> None:
        self._lines = lines
        self.faults: list[Fault] = []
        self.first = self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            if isinstance(line, Fault):
                self.faults.append(line)
                continue
            self.number = line.number
            self.first = self.first or line.number
            return line.text
        raise StopIteration


def _parted(head: str) -> tuple[str, list[str]]:
    """The delimiter that makes most of the columns' names known, then most columns; and the names."""
    known = {name for names in COLUMNS.values() for name in names}

    def parted(delimiter: str) -> Sequence[str]:
        try:
            return next(csv.reader([head], delimiter=delimiter), [])
        except csv.Error:  # a line longer than any list of names
            return []

    best = max(_DELIMITERS, key=lambda d: (len(known & {c.strip().casefold() for c in parted(d)}), len(parted(d))))
    return best, [cell.strip() for cell in parted(best)]
