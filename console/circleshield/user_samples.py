"""The user's own labelled samples: `samples.jsonl` in the home folder, one JSON object a line."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from circleshield_model.errors import InputError

FILE = "samples.jsonl"

_CHINESE = re.compile(r"[\u3400-\u9fff]")


def add(home: Path, post: str, text: str, label: str, author: str) -> None:
    """Adds a sample; `post` and `author` are platform:id. An earlier one of the same post is replaced."""
    remove(home, post)
    sample = {
        "text": text,
        "label": label,
        "lang": "zh" if _CHINESE.search(text) else "en",
        "source": "user",
        "author": author,
        "post": post,
        "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    with _opened(home / FILE, os.O_APPEND) as file:
        file.write(json.dumps(sample, ensure_ascii=False) + "\n")


def remove(home: Path, post: str) -> bool:
    """Takes the sample of a post out; False where there is none. Lines that it cannot read stay as they are."""
    path = home / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except FileNotFoundError:
        return False
    except UnicodeDecodeError as e:
        raise InputError(f"{path}: is not UTF-8 text (byte {e.start})") from e
    kept = [line for line in lines if not _is_of(line, post)]
    if len(kept) == len(lines):
        return False
    new = path.with_name(FILE + ".new")
    with _opened(new, os.O_TRUNC) as file:
        file.writelines(kept)
    new.replace(path)
    return True


def _is_of(line: str, post: str) -> bool:
    try:
        sample = json.loads(line)
    except ValueError:
        return False
    return isinstance(sample, dict) and sample.get("post") == post


def _opened(path: Path, flag: int):  # type: ignore[no-untyped-def]
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600), "a", encoding="utf-8", newline="\n")
