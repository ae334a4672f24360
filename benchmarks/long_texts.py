"""How often long texts that sell nothing are taken for sales: a limit of the model, see model/README.md.

uv run python benchmarks/long_texts.py
"""

import ast
import random
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from circleshield_model.scorer import Scorer
from circleshield_training.samples import read_seed

LICENCES = Path("/usr/share/common-licenses")  # of Debian and its like
DRAWS, SEED = 200, 1


def licences() -> list[str]:
    """Those of the system, each once whatever it is called."""
    files = sorted({file.resolve() for file in LICENCES.glob("*") if file.is_file()})
    return list(dict.fromkeys(file.read_text(encoding="utf-8", errors="replace") for file in files))


def docstrings() -> list[str]:
    """What the modules of Python's own library say of themselves."""
    found = []
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        said = ast.get_docstring(ast.parse(file.read_bytes()))
        if said is not None:
            found.append(said)
    return found


def joined(least: int) -> list[str]:
    """Ordinary Chinese posts of the seed, as many in a row as make so many characters."""
    chance = random.Random(SEED)
    posts = [sample.text for sample in read_seed() if sample.lang == "zh" and not sample.spam]
    found = []
    for _ in range(DRAWS):
        text = ""
        while len(text) < least:
            text += chance.choice(posts) + "\n"
        found.append(text)
    return found


def row(scorer: Scorer, name: str, texts: Sequence[str]) -> None:
    scores = scorer.scores(texts)
    removed, unsure = int((scores >= scorer.remove_at).sum()), int((scores >= scorer.review_at).sum())
    print(f"| {name} | {len(texts)} | {removed} | {unsure - removed} |")


def main() -> None:
    scorer, said = Scorer.load(), docstrings()
    print("| texts | number | removed | put up for review |\n|---|---|---|---|")
    row(scorer, f"licences in {LICENCES}", licences())
    version = ".".join(map(str, sys.version_info[:2]))
    row(scorer, f"docstrings of Python {version}, 1,500 characters and more", [t for t in said if len(t) >= 1500])
    row(scorer, "– 600 to 1,500 characters", [t for t in said if 600 <= len(t) < 1500])
    for least in (500, 1000, 2000, 4000):
        row(scorer, f"ordinary Chinese posts joined to {least:,} characters and more", joined(least))


if __name__ == "__main__":
    main()
