"""Files as people have them: any encoding, any names of columns, rows that are broken."""

import io
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from circleshield_model.errors import InputError
from circleshield_training.decoding import LONGEST, Fault
from circleshield_training.importing import Import
from circleshield_training.labelled_files import LabelledFile, Reading, Row
from circleshield_training.user_samples import current

CSV = 'text,label\n招代理，加微信,spam\n"今天,\n爬山",social\n'
WANT = [(2, "招代理，加微信", True), (3, "今天,\n爬山", False)]


def read(data: bytes, name: str = "posts", **how: Any) -> tuple[LabelledFile, list[Any]]:
    file = LabelledFile(io.BytesIO(data), name, Reading(**how))
    rows = [(r.number, r.record.sample.text, r.record.sample.spam) if isinstance(r, Row) else r for r in file]
    return file, rows


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 with a byte order mark"),
        ("utf-16", "UTF-16-LE"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("gb18030", "GB18030, as it is not UTF-8"),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_encodings_are_told(encoding: str, said: str, ends: str) -> None:
    file, rows = read(CSV.replace("\n", ends).encode(encoding))
    assert [(n, text.replace("\r", ""), spam) for n, text, spam in rows] == WANT
    assert file.lines.encoding() == said


def test_gb18030_that_could_be_utf_8_is_not_taken_for_it() -> None:
    file, rows = read("标签,正文\n1,模式\n正常,你好吗\n".encode("gb18030"))
    assert rows == [(2, "模式", True), (3, "你好吗", False)]
    assert file.meanings() == "正常 is social, 1 is sales_spam"


def test_a_mixture_is_read_line_by_line_and_said() -> None:
    data = (
        CSV.replace("text", "内容").encode()
        + "下雨了,social\n".encode("gb18030")
        + b"\xff\xff,social\n"
        + "晴天,social\n".encode()
    )
    file, rows = read(data)
    assert rows == [*WANT, (5, "下雨了", False), Fault(6, "not UTF-8 and not GB18030"), (7, "晴天", False)]
    assert file.lines.encoding() == "a mixture: 5 lines UTF-8, 1 lines GB18030"


def test_a_line_that_is_too_long_in_utf_16() -> None:
    _, rows = read((CSV + "x" * (LONGEST + 5) + "\nlast,social\n").encode("utf-16"))
    assert rows == [*WANT, Fault(5, f"longer than {LONGEST} characters"), (6, "last", False)]


def test_an_encoding_taken_at_its_word() -> None:
    assert read(CSV.replace("招", "臺").encode("big5", "replace"), encoding="big5")[1][0][1].startswith("臺代理")
    assert isinstance(read(CSV.encode("gb18030"), encoding="utf-8", name="x.csv", label=True)[1][0], Fault)
    with pytest.raises(InputError, match="utf-99: is no encoding"):
        read(b"x", encoding="utf-99")


@pytest.mark.parametrize(
    ("data", "want"),
    [
        (b"text\tlabel\nhi\t0\n", [(2, "hi", False)]),
        (b"Label;Text\nham;hi\n", [(2, "hi", False)]),
        (b"is_spam,content\nTRUE,hi\n", [(2, "hi", True)]),
        (b"\n\nlabel,text\n\nspam,hi\n", [(5, "hi", True)]),
        (b"text,label\n'=1+1,spam\n", [(2, "=1+1", True)]),
        (b'{"text": "hi", "label": "spam"}\n\n{"label": 0, "content": "yo"}\n', [(1, "hi", True), (3, "yo", False)]),
    ],
)
def test_columns_by_their_usual_names(data: bytes, want: list[Any]) -> None:
    assert read(data)[1] == want


def test_columns_by_name_where_theirs_is_unusual() -> None:
    data = b"text,words,mark\nignored,hi,spam\n"
    assert read(data, text_column="words", label_column="mark")[1] == [(2, "hi", True)]
    with pytest.raises(InputError, match="has no column 'wrods' but: text, words, mark"):
        read(data, text_column="wrods")
    assert read(b'{"words": "hi", "label": 1}', text_column="words")[1] == [(1, "hi", True)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"a,b\n1,2\n", r"line 1 must name the columns, with one for the text; it has: a, b"),
        (b"text,b\n1,2\n", r"has no column of labels but: text, b"),
        (b" \n", "is empty"),
        (b'[{"text": "x"}]', "one JSON object a line is wanted"),
        (b"\0\1\2\3\0\0", "is no text"),
        (b"text,label\rx,spam\r", "carriage returns alone"),
        (b"x" * 200_000 + b"\n", "must name the columns"),
        (b"\xff\xff\n\xff\n", "no line of it can be read: not UTF-8 and not GB18030"),
    ],
)
def test_files_that_cannot_be_read_at_all(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(data)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,spam,b", "3 columns, but there are 2 names"),
        (",spam", "no text"),
        ("a,perhaps", "label 'perhaps' is neither"),
        ('"a"b,spam', "not CSV"),
        ("a" * 140_000 + ",spam", "not CSV"),
        ("x" * (LONGEST + 5), "longer than"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(row: str, reason: str) -> None:
    _, rows = read((CSV + row + "\nlast,social\n").encode(), form="csv")
    *good, fault, last = rows
    assert (good, last) == (WANT, (6, "last", False))
    assert fault.number == 5
    assert reason in fault.reason


def test_a_quote_that_is_not_closed() -> None:
    _, rows = read((CSV + '"open,spam\n' + "a,spam\n" * 3).encode())
    assert rows[:2] == WANT
    assert rows[2].number == 5
    assert "(to line 8)" in rows[2].reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("{", "not JSON"),
        ("3", "not a JSON object"),
        ('{"x": 1}', "no text among its keys: x"),
        ('{"text": 3, "label": 0}', "no text"),
        ('{"text": "a", "label": 7}', "label '7'"),
        ('{"text": "a", "label": 0, "weight": -1}', "weight"),
        ('{"text": "a", "label": 0, "weight": "nan"}', "weight"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_json_lines(row: str, reason: str) -> None:
    _, (good, fault, last) = read(('{"text":"a","label":0}\n' + row + '\n{"text":"b","label":1}').encode())
    assert (good, last) == ((1, "a", False), (3, "b", True))
    assert fault.number == 2
    assert reason in fault.reason


def test_what_else_a_row_says() -> None:
    row = b"text,label,lang,source,author,kind,weight,post\nhi,0,fr,wall,me,joke,2.5,x:1\n"
    (found,) = LabelledFile(io.BytesIO(row), "posts", Reading())
    assert isinstance(found, Row)
    assert found.record.sample == ("hi", False, "fr", "wall", "me", "joke", 2.5)
    assert found.record.post == "x:1"


def test_plain_text_and_posts_without_labels() -> None:
    file, rows = read("招代理\n\n爬山\n".encode(), label=True)
    assert (file.form, rows) == ("text", [(1, "招代理", True), (3, "爬山", True)])
    unlabelled = list(LabelledFile(io.BytesIO(b"text,n\nhi,1\n"), "x", Reading(wanted=False)))
    assert [row.labelled for row in unlabelled if isinstance(row, Row)] == [False]


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    """20 MB of long rows: a few dozen bytes a row, whatever their length, and what one batch of rows takes."""
    rng = random.Random(0)
    file = tmp_path / "large.csv"
    with file.open("w", encoding="utf-8") as to:
        to.write("text,label\n")
        for i in range(20_000):
            to.write("".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(8)) * 40 + f"。{i},{i % 2}\n")
    size = file.stat().st_size
    assert size > 19_000_000
    with file.open("rb") as stream, Import(tmp_path / "home") as importing:
        tracemalloc.start()
        for row in LabelledFile(stream, file.name, Reading()):
            assert isinstance(row, Row)
            importing.add(row.record, row.number)
        merged = importing.commit()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert merged.new == 20_000
    assert peak < 8_000_000, peak
    assert len(current(tmp_path / "home")) == 20_000
