"""`circleshield classify`: order, streaming, errors."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AD = "招代理啦！一件代发，月入过万，加微信 abc12345 领价格表"
POST = "今天和妈妈去公园走了一圈，花都开了"
COMMAND = [sys.executable, "-m", "circleshield", "classify"]


def classify(data: str | bytes, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    raw = data.encode() if isinstance(data, str) else data
    done = subprocess.run([*COMMAND, *arguments], input=raw, capture_output=True, timeout=60)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def test_plain_lines_in_order() -> None:
    code, verdicts, _ = classify(f"{AD}\n\n{POST}\r\n{AD}")
    assert code == 0
    assert [v["label"] for v in verdicts] == ["sales_spam", "social", "social", "sales_spam"]
    assert all(0 <= v["score"] <= 1 and list(v) == ["score", "label", "reasons"] for v in verdicts)
    assert verdicts[0]["reasons"]
    assert all(isinstance(r, str) for r in verdicts[0]["reasons"])
    assert verdicts[0] == verdicts[3]


def test_json_lines_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text("".join(json.dumps({"text": t, "id": 1}) + "\n" for t in (POST, AD)), "utf-8")
    code, verdicts, _ = classify("", "--json", str(file))
    assert code == 0
    assert [v["label"] for v in verdicts] == ["social", "sales_spam"]


def test_a_line_break_inside_json_is_text() -> None:
    code, verdicts, _ = classify(json.dumps({"text": f"{POST}\n{AD}"}) + "\n", "--json")
    assert code == 0
    assert len(verdicts) == 1


@pytest.mark.parametrize("bad", ["{", "[1]", '{"text": null}', '{"words": "x"}', ""])
def test_a_bad_line_is_named_and_those_before_it_answered(bad: str) -> None:
    good = json.dumps({"text": POST})
    code, verdicts, errors = classify(f"{good}\n{good}\n{bad}\n{good}\n", "--json")
    assert code == 2
    assert len(verdicts) == 2
    assert "stdin: line 3:" in errors
    assert len(errors.splitlines()) == 1


def test_nothing_in_nothing_out() -> None:
    assert classify("")[:2] == (0, [])


def test_what_is_not_utf8_is_still_answered() -> None:
    assert len(classify(b"\xff\xfe\xfa\n\xe6\x8b\n")[1]) == 2


def test_a_missing_file_and_a_missing_model() -> None:
    code, _, errors = classify("", "nowhere.txt")
    assert code == 2
    assert "nowhere.txt" in errors
    assert len(errors.splitlines()) == 1
    code, _, errors = classify("", "--model", "nowhere")
    assert code == 2
    assert "no model in nowhere" in errors


def test_answers_come_before_the_input_ends() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        for text in (AD, POST, AD):
            process.stdin.write(text.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["label"] == ("sales_spam" if text == AD else "social")
        process.stdin.close()
        assert process.wait(30) == 0


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    lines = f"{POST}\n" * 20_000
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(lines[:1000].encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        try:
            process.stdin.write(lines.encode())
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    """40,000 lines are answered in the same address space as a few, give or take 40 MB."""
    file = tmp_path / "many.txt"
    file.write_text(f"{POST}{AD}\n" * 40_000, "utf-8")
    code = (
        "import resource, sys; from circleshield.cli import main\n"
        "try: main()\nfinally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for path in (os.devnull, str(file)):
        done = subprocess.run(
            [sys.executable, "-c", code, "classify", path], capture_output=True, timeout=100, check=True
        )
        peaks.append(int(done.stderr))
    assert peaks[1] - peaks[0] < 40_000
