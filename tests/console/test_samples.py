"""`circleshield samples`, from outside."""

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.console.recorded import record, verdict

from circleshield.cli import circleshield
from circleshield_training.samples import read_file
from circleshield_training.user_samples import FILE, current

MASTODON = "https://mastodon.social/api/v1/timelines/home"
FRIEND, SALES = "今天和家人去爬山了", "补水面膜到货啦！今晚下单买三送一，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理"
POSTS = "text,label,author\n诚招代理，加微信,spam,a\n今天去爬山,social,b\n"


def samples(home: Path, *arguments: str, stdin: str | bytes = "") -> Result:
    command, *rest = arguments
    return CliRunner().invoke(circleshield, ["samples", command, "--home", str(home), *rest], input=stdin)


def said(home: Path, *arguments: str, stdin: str | bytes = "") -> str:
    result = samples(home, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def refused(home: Path, *arguments: str, stdin: str | bytes = "") -> str:
    result = samples(home, *arguments, stdin=stdin)
    assert result.exit_code
    return str(result.exception) if not isinstance(result.exception, SystemExit) else result.output


def answer(home: Path, *arguments: str, stdin: str | bytes = "") -> Any:
    return json.loads(said(home, *arguments, "--json", stdin=stdin))


def in_force(home: Path) -> list[tuple[str, bool, str]]:
    return [(s.text, s.spam, s.source) for s in current(home)]


def har(path: Path) -> Path:
    body = [
        {"id": "1", "content": FRIEND, "account": {"id": "7", "acct": "a"}},
        {"id": "2", "content": SALES, "account": {"id": "8", "acct": "b"}},
    ]
    content = {"mimeType": "application/json", "text": json.dumps(body, ensure_ascii=False)}
    entry = {"request": {"method": "GET", "url": MASTODON}, "response": {"status": 200, "content": content}}
    other = {**entry, "request": {"method": "GET", "url": "https://example.com/"}}
    path.write_text(json.dumps({"log": {"entries": [other, entry]}}), "utf-8")
    return path


def test_add_and_change_ones_mind(tmp_path: Path) -> None:
    assert said(tmp_path, "add", "--label", "spam", "--author", "weibo:7", "诚招代理").endswith("sales_spam: added\n")
    assert answer(tmp_path, "add", "--label", "spam", "-", stdin="诚 招 代 理\n")["did"] == "known already"
    assert said(tmp_path, "add", "--label", "social", "诚招代理").endswith("changed; it was sales_spam before\n")
    assert in_force(tmp_path) == [("诚招代理", False, "user")]
    assert answer(tmp_path, "add", "--label", "social", "--weight", "3", "诚招代理")["did"] == "changed"
    assert current(tmp_path)[0].weight == 3
    assert "no text" in refused(tmp_path, "add", "--label", "spam", " ")
    assert "--label" in refused(tmp_path, "add", "x")


def test_import_says_what_it_did_and_can_be_taken_back(tmp_path: Path) -> None:
    said(tmp_path, "add", "--label", "social", "诚招代理！加微信")
    file = tmp_path / "posts.csv"
    file.write_bytes(b"\xef\xbb\xbf" + (POSTS + ",spam,c\n下雨,perhaps,d\n").encode())
    result = samples(tmp_path, "import", str(file))
    assert result.exit_code == 0
    assert result.stdout == "imported 1 new and 1 changed samples, 0 known already, 2 skipped, 1 in conflict\n"
    assert "line 4: no text\nline 5: label 'perhaps' is neither sales_spam nor social\n" in result.stderr
    assert "encoding: UTF-8 with a byte order mark" in result.stderr
    assert "line 2: sales_spam, but social in the samples; the later counts: 诚招代理，加微信" in result.stderr
    assert in_force(tmp_path) == [("诚招代理，加微信", True, "user/posts"), ("今天去爬山", False, "user/posts")]
    again = answer(tmp_path, "import", str(file))
    assert (again["new"], again["changed"], again["repeated"]) == (0, 0, 2)
    batch = result.stderr.split("--import ")[1].strip()
    assert said(tmp_path, "remove", "--import", batch, "--yes") == "removed 2\n"
    assert in_force(tmp_path) == [("诚招代理！加微信", False, "user")]


def test_a_file_that_contradicts_itself_changes_nothing_the_second_time(tmp_path: Path) -> None:
    rows = POSTS + "诚招代理！加微信,social,c\n"
    first, second = (answer(tmp_path, "import", "-", stdin=rows) for _ in range(2))
    assert (first["new"], first["changed"], first["conflicts"]) == (2, 1, 1)
    assert (second["new"], second["changed"], second["repeated"]) == (0, 0, 3)
    assert [(text, spam) for text, spam, _ in in_force(tmp_path)] == [
        ("今天去爬山", False),
        ("诚招代理！加微信", False),
    ]


def test_import_as_json(tmp_path: Path) -> None:
    said(tmp_path, "add", "--label", "social", "诚招代理！加微信")
    found = answer(tmp_path, "import", "-", "--source", "wall", stdin=(POSTS + ",,\nx,,\n").encode("gb18030"))
    batch = found.pop("import")
    assert len(batch) == 8
    assert found == {
        "format": "csv",
        "encoding": "GB18030, as it is not UTF-8",
        "rows": 3,
        "faulty": 1,
        "faults": [{"number": 5, "reason": "no label"}],
        "new": 1,
        "changed": 1,
        "repeated": 0,
        "conflicts": 1,
        "quoted": [{"row": 2, "text": "诚招代理，加微信", "label": "sales_spam", "before": None}],
    }
    assert {source for *_, source in in_force(tmp_path)} == {"user/wall"}


def test_labels_in_other_words_are_said(tmp_path: Path) -> None:
    result = samples(tmp_path, "import", "-", stdin="content,is_spam\n招代理,1\n爬山,0\n")
    assert result.exit_code == 0
    assert "labels: 1 is sales_spam, 0 is social" in result.stderr
    assert in_force(tmp_path) == [("招代理", True, "user/stdin"), ("爬山", False, "user/stdin")]


def test_plain_text_needs_a_label(tmp_path: Path) -> None:
    (tmp_path / "ads.txt").write_text("招代理\n\n加微信\n", "utf-8")
    assert "plain text has no labels" in refused(tmp_path, "import", str(tmp_path / "ads.txt"))
    assert answer(tmp_path, "import", str(tmp_path / "ads.txt"), "--label", "spam")["new"] == 2


def test_a_pipe_that_has_a_name(tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        pool.submit(pipe.write_text, POSTS, "utf-8")
        assert answer(tmp_path, "import", str(pipe))["new"] == 2


def test_all_duplicates(tmp_path: Path) -> None:
    found = answer(tmp_path, "import", "-", "--label", "spam", "--format", "text", stdin="招 代理\n招代理！\n" * 500)
    assert (found["rows"], found["new"], found["repeated"]) == (1000, 1, 999)
    assert len(current(tmp_path)) == 1


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("", "stdin: is empty"),
        ("a,b\n1,2\n", "must name the columns"),
        ("text,b\n1,2\n", "has no column of labels"),
        ("text,label\n,spam\n,spam\n", "none of 2 rows can be used; nothing is imported"),
        ('{"text": 1}\n', "none of 1 rows can be used"),
        ('{"log": {"entries": [', "posts of a capture have no label"),
    ],
)
def test_nothing_to_import_is_bad_input_and_changes_nothing(tmp_path: Path, rows: str, says: str) -> None:
    said(tmp_path, "add", "--label", "spam", "招代理")
    before = (tmp_path / FILE).read_bytes()
    assert says in refused(tmp_path, "import", "-", stdin=rows)
    assert (tmp_path / FILE).read_bytes() == before


def test_bad_uses(tmp_path: Path) -> None:
    assert "Name a FILE" in refused(tmp_path, "import")
    assert "one of them can hold" in refused(tmp_path, "import", "-", "--label", "spam", "--by-verdict")
    assert "for the ledger and captures" in refused(tmp_path, "import", "-", "--by-verdict", stdin=POSTS)
    assert "cannot be read: No such file" in refused(tmp_path, "import", str(tmp_path / "none.csv"))
    assert "nothing is recorded there" in refused(tmp_path, "import", "--from-ledger", "--label", "spam")
    assert "go with --from-ledger" in refused(tmp_path, "import", "-", "--since", "7d", stdin=POSTS)
    misspelt = ("import", "--from-ledger", "--label", "spam", "--platform", "webo")
    assert "did you mean weibo?" in refused(tmp_path, *misspelt)
    assert "go with a FILE" in refused(tmp_path, "import", "--from-ledger", "--label", "spam", "--format", "csv")
    assert "is not one of 'zh', 'en'" in refused(tmp_path, "add", "--label", "spam", "--lang", "xx", "招代理")
    assert "stdin is not UTF-8" in refused(tmp_path, "add", "--label", "spam", "-", stdin="招代理".encode("gb18030"))
    assert current(tmp_path) == []


def test_from_the_ledger_by_filters_and_label(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", text="甲甲"), verdict("2", "review", text="乙乙"), verdict("3", "keep", text="丙丙"))
    record(tmp_path, verdict("4", text="丁丁"), platform="x")
    record(tmp_path, verdict("5", text="戊戊"), hours_ago=50)
    assert "--by-verdict" in refused(tmp_path, "import", "--from-ledger")
    arguments = ("import", "--from-ledger", "--platform", "weibo", "--since", "2d", "--label", "social")
    assert answer(tmp_path, *arguments, "--action", "review")["new"] == 1
    assert in_force(tmp_path) == [("乙乙", False, "user/ledger")]
    assert answer(tmp_path, *arguments)["new"] == 1
    (sample,) = [json.loads(line) for line in (tmp_path / FILE).read_text("utf-8").splitlines() if "甲" in line]
    assert (sample["post"], sample["author"]) == ("weibo:1", "weibo:7")
    assert "no such post" in refused(tmp_path, "import", "--from-ledger", "--label", "spam", "--author", "nobody")


def test_from_the_ledger_by_verdict_only_when_asked(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", text="甲甲"), verdict("2", "review", text="乙乙"), verdict("3", "keep", text="丙丙"))
    found = answer(tmp_path, "import", "--from-ledger", "--by-verdict")
    assert (found["new"], found["faults"]) == (1, [{"number": 2, "reason": "unsure, so it has no label by verdict"}])
    assert in_force(tmp_path) == [("甲甲", True, "user/verdicts")]


def test_a_verdict_never_replaces_a_label(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", text="甲甲"), verdict("2", text="乙乙"))
    said(tmp_path, "add", "--label", "social", "甲甲")
    result = samples(tmp_path, "import", "--from-ledger", "--by-verdict")
    assert "line 1: sales_spam, but social in the samples; that counts: 甲甲" in result.stderr
    assert in_force(tmp_path) == [("甲甲", False, "user"), ("乙乙", True, "user/verdicts")]


def test_from_a_capture(tmp_path: Path) -> None:
    file = har(tmp_path / "feed.har")
    assert "posts of a capture have no label" in refused(tmp_path, "import", str(file))
    assert answer(tmp_path, "import", str(file), "--by-verdict")["new"] == 2
    assert in_force(tmp_path) == [(FRIEND, False, "user/verdicts"), (SALES, True, "user/verdicts")]
    assert answer(tmp_path, "import", str(file), "--label", "social")["changed"] == 1
    assert [json.loads(line)["post"] for line in said(tmp_path, "export").splitlines()] == ["mastodon:1", "mastodon:2"]
    file.write_text(json.dumps({"log": {"entries": []}}))
    assert "holds no page of a feed" in refused(tmp_path, "import", str(file), "--label", "social")


def test_list(tmp_path: Path) -> None:
    said(tmp_path, "import", "-", "--source", "wall", stdin=POSTS)
    said(tmp_path, "add", "--label", "social", "诚招代理 加微信")
    assert len(said(tmp_path, "list").splitlines()) == 2
    assert len(said(tmp_path, "list", "--history").splitlines()) == 3
    assert len(said(tmp_path, "list", "--limit", "1").splitlines()) == 1
    (only,) = said(tmp_path, "list", "--source", "wall", "--search", "爬山", "--label", "social", "--json").splitlines()
    assert json.loads(only)["text"] == "今天去爬山"
    assert said(tmp_path, "list", "--label", "spam") == ""


def test_list_cannot_steer_the_terminal(tmp_path: Path) -> None:
    said(tmp_path, "add", "--label", "spam", "招\x1b[2J代理\x07")
    assert "\x1b[2J" not in said(tmp_path, "list")


def test_remove_by_id_leaves_nothing_of_the_text(tmp_path: Path) -> None:
    said(tmp_path, "import", "-", stdin=POSTS)
    said(tmp_path, "add", "--label", "social", "诚招代理 加微信")
    ids = {row["text"]: row["id"] for row in map(json.loads, said(tmp_path, "list", "--json").splitlines())}
    assert said(tmp_path, "remove", ids["诚招代理 加微信"][:8]) == "removed 2\n"
    assert "诚招代理" not in (tmp_path / FILE).read_text("utf-8")
    assert [text for text, *_ in in_force(tmp_path)] == ["今天去爬山"]
    assert "no sample has this id" in refused(tmp_path, "remove", ids["诚招代理 加微信"])
    assert "too short" in refused(tmp_path, "remove", ids["今天去爬山"][:3])
    assert "Name an ID" in refused(tmp_path, "remove")
    assert "samples stats" in refused(tmp_path, "remove", "--import", "deadbeef")


def test_remove_asks(tmp_path: Path) -> None:
    said(tmp_path, "import", "-", stdin=POSTS)
    assert samples(tmp_path, "remove", "--source", "stdin", stdin="n\n").exit_code == 1
    assert "--yes" in refused(tmp_path, "remove", "--source", "stdin")  # nobody is there to answer
    assert len(in_force(tmp_path)) == 2
    assert "removed 1" in said(tmp_path, "remove", "--source", "stdin", "--label", "spam", stdin="y\n")
    assert answer(tmp_path, "remove", "--source", "stdin") == {"removed": 1}


def test_export_is_what_import_and_training_read(tmp_path: Path) -> None:
    said(tmp_path / "a", "import", "-", stdin=POSTS + "=1+1 招代理,spam,x\n")
    said(tmp_path / "a", "add", "--label", "social", "--weight", "2", "诚招代理 加微信")
    for form in ("jsonl", "csv"):
        file = tmp_path / f"out.{form}"
        said(tmp_path / "a", "export", "--format", form, str(file))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        said(tmp_path / form, "import", str(file))
        assert current(tmp_path / form) == current(tmp_path / "a")
    assert list(read_file(tmp_path / "out.jsonl")) == current(tmp_path / "a")
    cells = {row["text"] for row in csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8")))}
    assert "'=1+1 招代理" in cells
    assert "cannot be written" in refused(tmp_path / "a", "export", "/dev/full")


def test_stats(tmp_path: Path) -> None:
    assert "no samples yet" in said(tmp_path, "stats")
    said(tmp_path, "import", "-", stdin=POSTS)
    said(tmp_path, "add", "--label", "social", "诚招代理 加微信")
    with (tmp_path / FILE).open("a") as file:
        file.write("something\n")
    found = answer(tmp_path, "stats")
    assert (found["samples"], found["labels"], found["languages"]) == (2, {"social": 2}, {"zh": 2})
    assert found["sources"] == {"user/stdin": {"social": 1}, "user": {"social": 1}}
    assert (found["superseded"], len(found["conflicts"]), found["unreadable"]) == (1, 1, [4])
    batch = {about["source"]: batch for batch, about in found["imports"].items()}["user/stdin"]
    shown = said(tmp_path, "stats")
    for word in ("user/stdin", "1 lines that later ones replace; 1 texts have had both labels", batch, "line 4"):
        assert word in shown


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_import_leaves_the_samples_as_they_were(tmp_path: Path, how: signal.Signals) -> None:
    said(tmp_path, "add", "--label", "spam", "招代理")
    before = (tmp_path / FILE).read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "samples", "import", "--home", str(tmp_path), "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    rows = [json.dumps({"text": f"t{chr(i)}", "label": "social"}) for i in range(0x4E00, 0x5800)]
    process.stdin.write("\n".join(rows).encode())
    process.stdin.close()
    assert process.stderr.readline() == b"half\n"  # rows are gathered, none is in the store
    process.send_signal(how)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait() == (130 if how == signal.SIGINT else -how)
    assert rest == (b"\ncircleshield: interrupted\n" if how == signal.SIGINT else b"")
    assert (tmp_path / FILE).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {FILE, "samples.lock"}
    assert answer(tmp_path, "import", "-", stdin=POSTS)["new"] == 2


SLOW = """
import sys, time
from circleshield.cli import main
from circleshield_training import importing

add = importing.Import.add
def slow(self, record, number):
    add(self, record, number)
    if number == 2000:
        print("half", file=sys.stderr, flush=True)
        time.sleep(60)
importing.Import.add = slow
main()
"""
