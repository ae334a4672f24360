"""The user's store: the last label counts, what is removed was never there, and no fault loses a line."""

import json
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_model.errors import InputError
from circleshield_training.importing import Import, Merged
from circleshield_training.samples import Sample
from circleshield_training.user_samples import (
    FILE,
    Record,
    add,
    append,
    current,
    drop,
    history,
    in_force,
    keyed,
    keys,
    remove,
    unreadable,
)

TEXTS = (
    "招代理，加微信",
    "招 代 理，加 微 信！",
    "今天爬山",
    "跑了5公里",
    "跑了 12 公里",
    "😀",
    "😀 😀",
    "hello",
    "Hello!",
)


def record(text: str, spam: bool = True, weight: float = 1.0, source: str = "user/x") -> Record:
    return Record(Sample(text, spam, "zh", source, weight=weight))


def imported(home: Path, *records: Record) -> Merged:
    with Import(home) as importing:
        for number, each in enumerate(records, 1):
            importing.add(each, number)
        return importing.commit()


def lines(home: Path) -> list[str]:
    return (home / FILE).read_text(encoding="utf-8").splitlines()


def test_what_is_one_text() -> None:
    found = keys(list(TEXTS)).tolist()
    assert found[0] == found[1]
    assert found[3] == found[4]
    assert found[7] == found[8]
    assert len({found[i] for i in (0, 2, 3, 5, 6, 7)}) == 6
    assert found == [int(keys([text])[0]) for text in TEXTS]  # whatever the batch


Said = tuple[int, str, bool, float, str]
_ROWS = st.lists(st.tuples(st.sampled_from(TEXTS), st.booleans(), st.sampled_from((1.0, 2.0))), max_size=6)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), _ROWS),
        st.tuples(st.just("import"), _ROWS),
        st.tuples(st.just("drop text"), st.sampled_from(TEXTS)),
        st.tuples(st.just("drop import"), st.integers(0, 3)),
    ),
    max_size=8,
)


def _last(said: list[Said]) -> dict[int, Said]:
    return {each[0]: each for each in said}


@given(_STEPS)
@settings(max_examples=60, deadline=None)
def test_any_changes_in_any_order(steps: list[tuple[str, object]]) -> None:
    """Against a plain list of what was said: the last on a text is in force, dropping leaves the rest as it was."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        said: list[Said] = []
        batches: list[str] = []
        for what, with_what in steps:
            if what == "append":
                for text, spam, weight in with_what:  # type: ignore[attr-defined]
                    append(home, record(text, spam, weight))
                    said.append((int(keys([text])[0]), text, spam, weight, ""))
            elif what == "import":
                rows = [(int(keys([t])[0]), t, s, w) for t, s, w in with_what]  # type: ignore[attr-defined]
                merged = imported(home, *(record(t, s, w) for _, t, s, w in rows))
                batches.append(merged.batch)
                before = _last(said)
                last = {row[0]: row[2:] for row in rows}
                spoken = {key: each[2:4] for key, each in before.items()}
                added = 0
                for key, text, spam, weight in rows:
                    settled = key in before and before[key][2:4] == last[key]
                    if not settled and spoken.get(key) != (spam, weight):
                        said.append((key, text, spam, weight, merged.batch))
                        added += 1
                    spoken[key] = (spam, weight)
                assert merged.new + merged.changed == added
                assert merged.repeated == len(rows) - added
            elif what == "drop text":
                key = int(keys([str(with_what)])[0])
                assert drop(home, lambda k, _, key=key: k == key) == sum(s[0] == key for s in said)  # type: ignore[misc]
                said = [s for s in said if s[0] != key]
            else:
                batch = batches[int(str(with_what)) % len(batches)] if batches else "none"
                drop(home, lambda _, r, batch=batch: r.batch == batch)  # type: ignore[misc]
                said = [s for s in said if s[4] != batch]
            found = [(k, r.sample.text, r.sample.spam, r.sample.weight, r.batch) for k, r in keyed(history(home))]
            assert found == said
            in_order = [s for i, s in enumerate(said) if s[0] not in {later[0] for later in said[i + 1 :]}]
            assert [(s.text, s.spam, s.weight) for s in current(home)] == [s[1:4] for s in in_order]
            assert {path.name for path in home.iterdir()} <= {FILE, "samples.lock"} if home.exists() else True


def test_conflicts_are_told_with_where_the_other_label_stood(tmp_path: Path) -> None:
    imported(tmp_path, record("招代理", spam=False))
    merged = imported(tmp_path, record("招代理"), record("爬山"), record("爬山"), record("爬 山", spam=False))
    assert [(c.number, c.text, c.spam, c.before) for c in merged.quoted] == [
        (1, "招代理", True, None),
        (4, "爬 山", False, 3),
    ]
    assert merged.conflicts == 2
    assert [(s.text, s.spam) for s in current(tmp_path)] == [("招代理", True), ("爬 山", False)]


def test_a_choice_taken_back_brings_back_what_was_said_before(tmp_path: Path) -> None:
    imported(tmp_path, record("招代理"))
    add(tmp_path, "weibo:1", "招代理", "social", "weibo:7")
    (found,) = in_force(tmp_path)
    assert (found.sample.spam, found.sample.source, found.post) == (False, "user", "weibo:1")
    assert not remove(tmp_path, "weibo:1", "sales_spam")
    assert remove(tmp_path, "weibo:1", "social")
    assert [s.spam for s in current(tmp_path)] == [True]


def test_a_file_of_before_and_lines_of_something_else(tmp_path: Path) -> None:
    old = {"text": "甲", "label": "social", "lang": "zh", "source": "user", "author": "weibo:7", "post": "weibo:1"}
    (tmp_path / FILE).write_text(json.dumps(old) + "\nsomething\n{}\n\n" + json.dumps({**old, "text": "乙"}), "utf-8")
    assert [s.text for s in current(tmp_path)] == ["甲", "乙"]
    assert unreadable(tmp_path) == [2, 3]
    append(tmp_path, record("丙"))  # the last line had no end
    assert [s.text for s in current(tmp_path)] == ["甲", "乙", "丙"]
    imported(tmp_path, record("丁"))
    drop(tmp_path, lambda _, r: r.sample.text == "甲")
    assert lines(tmp_path)[:2] == ["something", "{}"]
    assert [s.text for s in current(tmp_path)] == ["乙", "丙", "丁"]


def test_half_a_surrogate_pair_is_stored_as_a_question_mark(tmp_path: Path) -> None:
    append(tmp_path, record("代\ud83d理"))
    imported(tmp_path, record("面\udc00膜"))
    assert [s.text for s in current(tmp_path)] == ["代?理", "面?膜"]


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    append(home, record("甲"))
    imported(home, record("乙"))
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_store_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(InputError, match=r"samples\.jsonl: cannot be read: Is a directory"):
        current(tmp_path)
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        append(tmp_path, record("甲"))


WRITER = """
import sys
from pathlib import Path
from typing import IO
from circleshield_training.importing import Import
from circleshield_training.samples import Sample
from circleshield_training.user_samples import Record, append, drop

home, name = Path(sys.argv[1]), sys.argv[2]
for i in range(40):
    text = "".join(chr(0x4E00 + int(name) * 1000 + i * 10 + k) for k in range(5))
    if i % 4 == 0:
        with Import(home) as importing:
            importing.add(Record(Sample(text, True)), 1)
            importing.commit()
    else:
        append(home, Record(Sample(text, True)))
    if i % 10 == 9:
        drop(home, lambda key, record: record.sample.text == text)
"""


def test_several_processes_at_once(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(n)]) for n in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert unreadable(tmp_path) == []
    assert len(current(tmp_path)) == 4 * 36


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 2,000 bytes: a write stops in the middle, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_leaves_the_samples_as_they_were(tmp_path: Path) -> None:
    append(tmp_path, record("甲" * 300))
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(InputError, match="the samples are as they were"):
        append(tmp_path, record("乙" * 500))
    with pytest.raises(InputError, match="as they were"):
        imported(tmp_path, record("丙" * 200), record("丁" * 200), record("戊" * 200))
    with pytest.raises(InputError, match="as they were"):
        imported(tmp_path, record("丙" * 400))  # fits by itself, but not behind the others
    assert (tmp_path / FILE).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, "samples.lock"]
    append(tmp_path, record("乙"))
    assert len(current(tmp_path)) == 2


def test_an_import_stopped_half_way_through_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, record("甲"))
    before = (tmp_path / FILE).read_bytes()

    def stop(_: object, to: IO[bytes], __: int) -> None:
        to.write(b'{"text": ')
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfileobj", stop)
    with pytest.raises(KeyboardInterrupt):
        imported(tmp_path, record("乙"))
    assert (tmp_path / FILE).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, "samples.lock"]
