"""`circleshield classify`: one line in, one verdict out."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from circleshield.home import model_option
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_model.scorer import Scorer

_BLOCK = 1 << 16  # bytes read at a time at most; what a pipe holds so far is enough
_BATCH = 256  # posts scored at a time


@click.command()
@click.option("as_json", "--json", is_flag=True, help='Read JSON Lines with a "text" key instead of plain lines.')
@model_option
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
def command(as_json: bool, model: Path, file: Path) -> None:
    """Score lines of text from FILE or, with -, from standard input.

    Answers in the same order, one JSON object a line: score, label and reasons.
    """
    from circleshield_model.scorer import Scorer

    scorer = Scorer.load(model)
    try:
        with sys.stdin.buffer if file == Path("-") else file.open("rb") as stream:
            name, number = "stdin" if file == Path("-") else str(file), 0
            for lines in _line_batches(stream):
                texts, fault = _texts(lines, number) if as_json else ([_decoded(line) for line in lines], None)
                number += len(lines)
                _answer(scorer, texts)
                if fault:
                    raise InputError(f"{name}: {fault}")
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as e:
        raise InputError(f"cannot read {file}: {e.strerror}") from e


def _line_batches(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Lines without their ends, as soon as they are there, `_BATCH` at a time at most."""
    rest = b""
    while block := stream.read1(_BLOCK):  # type: ignore[attr-defined]  # buffered readers have it
        if b"\n" not in block:
            rest += block
            continue
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for i in range(0, len(lines), _BATCH):
            yield lines[i : i + _BATCH]
    if rest:
        yield [rest]


def _decoded(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


def _texts(lines: list[bytes], before: int) -> tuple[list[str], str | None]:
    """The texts up to the first bad line, and what is wrong with that one."""
    texts: list[str] = []
    for number, line in enumerate(lines, before + 1):
        try:
            row = json.loads(line)
        except ValueError as e:
            return texts, f'line {number}: not JSON ({e}); one object with a "text" key a line is wanted'
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            return texts, f'line {number}: no "text"; one object with a "text" key a line is wanted'
        texts.append(row["text"])
    return texts, None


def _answer(scorer: "Scorer", texts: list[str]) -> None:
    scores = scorer.scores(texts).tolist()
    spam = [score >= scorer.remove_at for score in scores]
    for score, is_spam, reasons in zip(scores, spam, scorer.reasons(texts, spam), strict=True):
        verdict = {"score": score, "label": "sales_spam" if is_spam else "social", "reasons": reasons}
        sys.stdout.write(json.dumps(verdict, ensure_ascii=False) + "\n")
    sys.stdout.flush()
