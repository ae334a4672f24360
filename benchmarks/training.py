"""Time and memory of training by number of posts.

`uv run python benchmarks/training.py 10000 100000 1000000 [-- OPTIONS]`

Posts are one to three sentences of the seed corpus: they weigh as much as real ones but teach nothing. One line a run:
posts, seconds on the clock and on the processor, the largest memory of any one process, and what the files came to.
OPTIONS, as `--jobs 2`, go to `circleshield train`.
"""

import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from circleshield_training.samples import read_seed


def write_posts(path: Path, count: int) -> None:
    """Sentences of posts of one label make a post; one post in two is by an author of five."""
    rng = random.Random(count)
    sentences: dict[bool, list[str]] = {False: [], True: []}
    for s in read_seed():
        sentences[s.spam] += [part for part in re.split(r"(?<=[。！？!?\n])", s.text) if len(part) > 4]
    with path.open("w", encoding="utf-8") as lines:
        for i in range(count):
            spam = rng.random() < 0.3
            text = "".join(rng.choices(sentences[spam], k=rng.randint(1, 3)))
            author = f"a{rng.randrange(count // 10)}" if rng.random() < 0.5 else ""
            text += chr(0x4E00 + i % 20_000) + chr(0x4E00 + i // 20_000)  # so that no two are the same
            row = {"text": text, "label": "sales_spam" if spam else "social", "lang": "zh", "author": author}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def size_of(folder: Path) -> int:
    """Bytes in the files of a folder, which come and go."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size
        except OSError:
            continue
    return total


def run(count: int, options: list[str]) -> str:
    """One line of figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_posts(folder / "made.jsonl", count)
        (folder / "scratch").mkdir()
        sizes, over = [0], threading.Event()

        def watch() -> None:
            while not over.wait(1):
                sizes.append(size_of(folder / "scratch"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = ["train", str(folder / "made.jsonl"), "--from-scratch", "--out", str(folder / "model"), *options]
        command += ["--scratch", str(folder / "scratch")]
        subprocess.run([sys.executable, "-c", "from circleshield.cli import main; main()", *command], check=True)
        seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        over.set()
        watcher.join()
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (
        f"{count:>9,} posts {seconds:7.0f} s {processor:7.0f} s of processor {after.ru_maxrss / 1024:7.0f} MB"
        f" {max(sizes) / 1e6:7.0f} MB of files"
    )


def main() -> None:
    given = sys.argv[1:]
    at = given.index("--") if "--" in given else len(given)
    for count in sorted(map(int, given[:at])):
        print(run(count, given[at + 1 :]), flush=True)


if __name__ == "__main__":
    main()
