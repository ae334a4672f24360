"""`circleshield label` at a real terminal, and in which order it asks."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.console.recorded import record, verdict

from circleshield.cli import circleshield
from circleshield.label_queue import LabelQueue
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training.samples import Sample
from circleshield_training.user_samples import FILE, Record, current, keys

UNSURE = "这杯茶喝了半个月瘦了八斤，想知道的来问我"
LIKE_IT = "这杯茶喝了一个月瘦了九斤，想知道的来问我哦"
SURE = "诚招代理，一件代发，加微信拿货，宝妈兼职月入过万"
FRIEND = "今天去爬山了，天气真好，拍了好多照片"
KEYS_LINE = "q quit"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """A process at a terminal of its own; `raw` is what `see` gave last, with its colours."""

    def __init__(self, *arguments: str, term: str = "xterm-256color") -> None:
        self.shown = ""
        self.pid, self._number = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": term, "PYTHONIOENCODING": "utf-8"}
            os.execv(sys.executable, [sys.executable, "-m", "circleshield", *arguments])
        fcntl.ioctl(self._number, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._number, keys.encode())

    def see(self, text: str) -> str:
        """Waits until it shows, after what was seen before; gives all up to there."""
        end = time.monotonic() + 30
        while text not in self.shown:
            ready, _, _ = select.select([self._number], [], [], max(0, end - time.monotonic()))
            assert ready, self.shown
            try:
                data = os.read(self._number, 65536)
            except OSError:  # it ended
                data = b""
            assert data, self.shown
            self.shown += data.decode("utf-8", "replace")
        before, _, self.shown = self.shown.partition(text)
        self.raw = before
        return COLOURS.sub("", before) + text

    def modes(self) -> list[int]:
        return termios.tcgetattr(self._number)[:4]

    def end(self) -> tuple[str, int]:
        """What it showed last, and its exit code."""
        while True:
            try:
                data = os.read(self._number, 65536)
            except OSError:
                break
            if not data:
                break
            self.shown += data.decode("utf-8", "replace")
        _, status = os.waitpid(self.pid, 0)
        os.close(self._number)
        return self.shown.replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)


@pytest.fixture(autouse=True)
def cutoffs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> tuple[float, float]:
    """Of review and remove, close around the two like posts, whatever the model is."""
    scores = Scorer.load().scores([UNSURE, LIKE_IT])
    low, high = float(scores.min()) - 0.001, float(scores.max()) + 0.001
    config = tmp_path_factory.mktemp("config") / "config.toml"
    config.write_text(f"[filter]\nreview_at = {low}\nremove_at = {high}\n")
    monkeypatch.setenv("CIRCLESHIELD_CONFIG", str(config))
    return low, high


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    file = tmp_path / "posts.txt"
    file.write_text("\n".join((FRIEND, LIKE_IT, SURE, UNSURE)), "utf-8")
    return file


def labels(home: Path) -> dict[str, bool]:
    return {sample.text: sample.spam for sample in current(home)}


def test_one_key_a_post_and_on_from_there_the_next_time(tmp_path: Path, posts: Path) -> None:
    home = tmp_path / "home"
    terminal = Terminal("label", "--home", str(home), str(posts))
    first = terminal.see(KEYS_LINE)
    assert UNSURE in first or LIKE_IT in first
    assert "unsure" in first
    assert "0 labelled" in first
    assert "4 left" in first
    assert "“" in first  # reasons
    assert "\x1b[31m" in terminal.raw
    terminal.press("s")
    second = terminal.see(KEYS_LINE)
    text = SURE if SURE in second else FRIEND
    assert text in second
    terminal.press("x")
    assert "'x' is none of the keys" in terminal.see(KEYS_LINE)
    terminal.press("o")
    terminal.see(KEYS_LINE)
    assert labels(home)[text] is False
    terminal.press("u")
    again = terminal.see(KEYS_LINE)
    assert text in again
    assert "undone" in again
    assert text not in labels(home)
    terminal.press("s \x1b[A")  # typed ahead; an arrow is nothing
    terminal.see(KEYS_LINE)
    assert "1 skipped" in terminal.see(KEYS_LINE)
    terminal.press("q")
    said, code = terminal.end()
    assert code == 0
    assert "2 labelled: 2 sales spam, 0 social; 1 skipped\ntake them back with: circleshield samples remove" in said
    assert [s.source for s in current(home)] == ["user", "user"]

    terminal = Terminal("label", "--home", str(home), str(posts))
    assert "1 left" in terminal.see(KEYS_LINE)  # neither what is labelled nor what was skipped
    terminal.press("u")
    assert "nothing to undo" in terminal.see(KEYS_LINE)
    terminal.press("o")
    assert "1 labelled" in terminal.end()[0]
    assert len(labels(home)) == 3

    said, code = Terminal("label", "--home", str(home), str(posts)).end()
    assert "no post is left to label; --again shows those skipped before" in said
    terminal = Terminal("label", "--home", str(home), "--again", str(posts))
    terminal.see(KEYS_LINE)
    terminal.press("s")
    terminal.end()
    assert len(labels(home)) == 4


def test_ctrl_c_keeps_what_was_labelled_and_the_terminal_as_it_was(tmp_path: Path, posts: Path) -> None:
    terminal = Terminal("label", "--home", str(tmp_path), str(posts))
    terminal.see(KEYS_LINE)
    during = terminal.modes()
    terminal.press("s\x03")
    assert "1 labelled: 1 sales spam, 0 social" in terminal.see("circleshield: interrupted")
    assert terminal.modes() != during
    _, code = terminal.end()
    assert code == 130
    assert len(labels(tmp_path)) == 1


def test_a_terminal_that_goes_away_loses_nothing(tmp_path: Path, posts: Path) -> None:
    terminal = Terminal("label", "--home", str(tmp_path), str(posts))
    terminal.see(KEYS_LINE)
    terminal.press("s")
    terminal.see(KEYS_LINE)
    os.kill(terminal.pid, signal.SIGHUP)
    terminal.end()
    assert len(labels(tmp_path)) == 1


def test_the_ledgers_posts(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", text=SURE), verdict("2", "keep", text=FRIEND), verdict("3", "review", text=UNSURE))
    terminal = Terminal("label", "--home", str(tmp_path))
    assert "2 left" in terminal.see(KEYS_LINE)
    terminal.press("so")
    terminal.end()
    rows = [json.loads(line) for line in (tmp_path / FILE).read_text("utf-8").splitlines()]
    assert [(row["text"], row["label"], row["post"], row["author"]) for row in rows] == [
        (UNSURE, "sales_spam", "weibo:3", "weibo:7"),
        (SURE, "social", "weibo:1", "weibo:7"),
    ]


def test_a_post_cannot_steer_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "posts.txt"
    file.write_text("今晚\x1b]0;title\x07下单 [bold]买三[/bold]", "utf-8")
    terminal = Terminal("label", "--home", str(tmp_path), str(file))
    shown = terminal.see(KEYS_LINE)
    assert "\x1b]0;" not in terminal.raw
    assert "[bold]" in shown
    terminal.press("q")
    terminal.end()


def test_without_a_terminal_it_refuses(tmp_path: Path) -> None:
    result = CliRunner().invoke(circleshield, ["label", "--home", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "needs a terminal" in str(result.exception)


def queue(*records: Record, cutoffs: tuple[float, float], without: int | None = None) -> list[str]:
    waiting = LabelQueue(records, Scorer.load(), cutoffs, set() if without is None else {without})
    found = []
    while (candidate := waiting.take()) is not None:
        found.append(candidate.record.sample.text)
    return found


def of(text: str, author: str = "") -> Record:
    return Record(Sample(text, False, author=author))


def test_unsure_ones_first_and_what_is_like_one_seen_last(cutoffs: tuple[float, float]) -> None:
    found = queue(of(FRIEND), of(SURE), of(LIKE_IT), of(UNSURE), cutoffs=cutoffs)
    assert found[0] in (UNSURE, LIKE_IT)
    assert set(found[1:3]) == {SURE, FRIEND}
    assert found[3] in (UNSURE, LIKE_IT)


def test_each_text_once_and_none_that_is_labelled(cutoffs: tuple[float, float]) -> None:
    found = queue(of(FRIEND), of(f"{FRIEND}！！"), of(SURE), cutoffs=cutoffs, without=int(keys([SURE])[0]))
    assert found == [f"{FRIEND}！！"]


def test_of_equals_the_author_seen_least_comes_first() -> None:
    texts = ["早上好", "下雨了", "火车晚点"]
    scores = Scorer.load().scores(texts)
    wide = (float(scores.min()), 1.0)  # all are unsure
    found = queue(of(texts[0], "a"), of(texts[1], "a"), of(texts[2], "b"), cutoffs=wide)
    authors = ["b" if text == texts[2] else "a" for text in found]
    assert authors in (["a", "b", "a"], ["b", "a", "a"])


def test_a_post_put_back_comes_again(cutoffs: tuple[float, float]) -> None:
    waiting = LabelQueue([of(SURE), of(FRIEND)], Scorer.load(), cutoffs, set())
    first = waiting.take()
    assert first is not None
    waiting.put_back(first)
    assert len(waiting) == 2
    assert waiting.take() == first
