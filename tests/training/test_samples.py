"""Reading labelled files: one clear error for each bad row."""

from pathlib import Path

import pytest

from circleshield_model.errors import InputError
from circleshield_training.samples import read_all

GOOD = '{"text": "好", "label": "social"}\n'


def test_a_source_is_the_files_name_unless_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(
        GOOD + '\n{"text": "买", "label": "sales_spam", "source": "shop", "lang": "zh", "author": "a"}\n', "utf-8"
    )
    first, second = read_all([tmp_path])
    assert (first.source, first.spam) == ("mine", False)
    assert (second.source, second.spam, second.lang, second.author) == ("shop", True, "zh", "a")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{", "not JSON"),
        ("[]", 'no "text"'),
        ('{"label": "social"}', 'no "text"'),
        ('{"text": 3, "label": "social"}', 'no "text"'),
        ('{"text": "x", "label": "spam"}', "label 'spam'"),
        ('{"text": "x", "label": "social", "source": 3}', '"source" is not a text'),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, says: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(GOOD + row + "\n", "utf-8")
    with pytest.raises(InputError, match=r"bad\.jsonl:2: ") as caught:
        read_all([file])
    assert says in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_all([tmp_path / "none.jsonl"])
    with pytest.raises(InputError, match=r"no \.jsonl file"):
        read_all([tmp_path])
    (tmp_path / "gbk.jsonl").write_bytes('{"text": "好"}'.encode("gbk"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_all([tmp_path])
