"""What the docs point at is there, and their examples hold; both READMEs have the same commands."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from circleshield_addon.page import read_page
from circleshield_addon.proxy_users import hash_of
from circleshield_addon.settings import parse_settings

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "model" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_points_at_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for file, name in re.findall(r"\b(test_\w+\.py)(?:::(test_\w+))?", text):
        found = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob(file)]  # two may have one name
        assert found, f"{file} is not in tests/"
        assert not name or any(f"def {name}(" in module for module in found), f"{file} has no {name}"
    for target, heading in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", text):
        linked = (page.parent / target).resolve() if target else page
        assert linked.exists(), target
        assert not heading or heading in _headings(linked), f"{target}#{heading}"


def _headings(page: Path) -> set[str]:
    """As links name them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_the_config_file_are_valid(page: Path) -> None:
    for example in re.findall(r"^```toml\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
        anna = f'[users.anna]\npassword = "{hash_of("a password")}"\n' if '"user:anna"' in example else ""
        parse_settings(example + anna, Path("config.toml"))


def test_the_adapter_that_the_docs_write_reads_what_they_say() -> None:
    text = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
    page, want = re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    made: dict[str, Any] = {}
    exec(code, made)
    posts = read_page(page.encode(), made["ADAPTER"], made["ADAPTER"].endpoints[0]).posts
    assert [{key: value for key, value in asdict(post).items() if key != "own"} for post in posts] == json.loads(want)


def test_each_direct_dependency_is_justified() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    needed = {re.split(r"[<>=]", line)[0] for line in [*project["dependencies"], *(d for e in extras for d in e)]}
    section = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").partition("| library |")[2]
    cells = " ".join(re.findall(r"^\| ([^|]+) \|", section, re.M))
    assert {name for name in re.findall(r"[\w.-]+", re.sub(r"\(.*?\)| and ", " ", cells)) if name != "---"} == needed


def test_both_readmes_have_the_same_commands_pictures_and_parts() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md"))
    for part in (r"^    ([^#\n]+?)(?: +#.*)?$", r"\((docs/images/\S+)\)", r"\(((?:docs|model)/\w+\.md)\)"):
        assert re.findall(part, chinese, re.M) == re.findall(part, english, re.M)
    for mark in (r"^## ", r"^\|", r"^\d\. ", r"^- "):
        assert len(re.findall(mark, chinese, re.M)) == len(re.findall(mark, english, re.M)), mark
    assert "(README.zh.md)" in english
    assert "(README.md)" in chinese
