"""`circleshield adapters`: the list, a new adapter, one learnt from a capture; and docs/adapters.md."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import asdict

from circleshield.captures import Exchange
from circleshield.commands.adapters import command, coverage
from circleshield.proposals import proposals, source
from circleshield_addon.adapter import Adapter
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.page import read_page
from circleshield_addon.post import Post
from circleshield_model.errors import InputError

ROOT = Path(__file__).parents[2]
FRIEND = "Long day, but the bread came out well this time"


def _as_wanted(posts: Iterable[Post]) -> list[dict[str, Any]]:
    """As a `.want` file has them."""
    return [{name: value for name, value in asdict(post).items() if name != "own"} for post in posts]


def _run(*arguments: str, data: bytes = b"") -> Result:
    return CliRunner().invoke(command, arguments, input=data, env={"CIRCLESHIELD_CONFIG": ""}, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _no_config_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def _loaded(file: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(f"written_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def _clean(folder: Path) -> None:
    """As this project's own linter and formatter want it."""
    for arguments in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
        done = subprocess.run([*ruff, str(folder)], capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stdout


# The list.


@pytest.mark.parametrize("arguments", [(), ("list",)])
def test_lists_every_adapter(arguments: tuple[str, ...]) -> None:
    result = _run(*arguments)
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    for adapter in ADAPTERS:
        line = lines[adapter.name]
        for part in (adapter.title, adapter.hosts[0], adapter.confidence, adapter.as_of, "remove", "yes"):
            assert part in line
    assert "streams" in lines["mastodon"]
    assert "WeChat's own Moments (朋友圈) cannot be filtered" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_list_follows_the_config(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        "[platforms]\nx.enabled = false\nmastodon.hosts = ['toots.example']\n[generic]\nhosts = ['a.example']\n",
        encoding="utf-8",
    )
    listed = {row["name"]: row for row in json.loads(_run("list", "--json", "--config", str(config)).stdout)}
    assert list(listed) == [adapter.name for adapter in ADAPTERS]
    assert not listed["x"]["on"]
    assert "toots.example" in listed["mastodon"]["hosts"]
    assert listed["weibo_web"]["does"] == ["remove", "fold", "label"]
    assert re.search(r"^ x .* no *$", _run("--config", str(config)).stdout, re.M)
    assert "by their shape: a.example" in _run("--config", str(config)).stdout
    with pytest.raises(InputError, match="no such config"):
        _run("--config", str(tmp_path / "missing"))


# A new one.


def test_new_writes_what_works_at_once(tmp_path: Path) -> None:
    result = _run("new", "my_site", "--to", str(tmp_path))
    assert result.exit_code == 0
    assert len(result.stdout.split()) == 4
    assert "ADAPTERS" in result.stderr
    _clean(tmp_path)
    adapter = _loaded(tmp_path / "my_site.py")["ADAPTER"]
    assert isinstance(adapter, Adapter)
    folder = tmp_path / "my_site"
    url = urlsplit((folder / "home.url").read_text(encoding="utf-8").strip())
    assert url.hostname in adapter.hosts
    assert adapter.endpoints[0].path.fullmatch(url.path)
    page = read_page((folder / "home.in").read_bytes(), adapter, adapter.endpoints[0])
    assert _as_wanted(page.posts) == json.loads((folder / "home.want").read_text(encoding="utf-8"))
    assert page.settled(["fold", "remove"]) == ["fold", "fold"]


def test_new_finds_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapters = tmp_path / "addon" / "circleshield_addon" / "adapters"
    adapters.mkdir(parents=True)
    (adapters / "__init__.py").touch()
    monkeypatch.chdir(adapters.parent)
    _run("new", "mine")
    assert (adapters / "mine.py").exists()
    assert {file.name for file in (tmp_path / "tests" / "fixtures" / "mine").iterdir()} == {
        "home.in",
        "home.url",
        "home.want",
    }
    with pytest.raises(InputError, match="is there already"):
        _run("new", "mine")


def test_new_says_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("My", "1a", "a-b", "../x", "class", ""):
        with pytest.raises(InputError, match="small letters"):
            _run("new", name, "--to", str(tmp_path))
    with pytest.raises(InputError, match="an adapter x already"):
        _run("new", "x", "--to", str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        _run("new", "mine", "--to", str(tmp_path / "file" / "below"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no checkout of circleshield around"):
        _run("new", "mine")


# One learnt.


def _page(first: int, **more: Any) -> dict[str, Any]:
    return {
        "next": "c2",
        "data": {
            "posts": [
                {
                    "id": str(first + i),
                    "user": {"id": 70 + i, "name": f"u{i}"},
                    "title": "A day",
                    "html": f"<p>{FRIEND}</p>",
                    "photos": [],
                    "promoted": False,
                    **more,
                }
                for i in range(3)
            ]
        },
    }


def _exchange(url: str, value: Any, method: str = "GET", content_type: str = "application/json") -> Exchange:
    return Exchange(method, urlsplit(url), 200, content_type, "", json.dumps(value).encode())


def _har(*exchanges: Exchange) -> bytes:
    entries = [
        {
            "request": {"method": e.method, "url": e.url.geturl()},
            "response": {"status": e.status, "content": {"mimeType": e.content_type, "text": e.body.decode()}},
        }
        for e in exchanges
    ]
    return json.dumps({"log": {"entries": entries}}).encode()


CAPTURE = (
    _exchange("https://www.some.example/api/users/17/posts?page=1", _page(10)),
    _exchange("https://www.some.example/api/users/99812/posts?page=2", _page(20)),
    _exchange("https://www.some.example/api/explore", _page(30), method="POST"),
    _exchange("https://www.some.example/api/words", [{"uid": 5, "post_id": i, "content": FRIEND} for i in range(3)]),
    _exchange("https://www.some.example/api/messages", _page(40)),
    _exchange("https://www.some.example/page", _page(50), content_type="text/html"),
    _exchange("https://www.some.example/api/me", {"id": 1, "name": "me"}),
    _exchange("https://www.some.example/api/broken", "x"),
)


def test_learns_an_adapter_that_reads_the_capture(tmp_path: Path) -> None:
    result = _run("learn", "-", data=_har(*CAPTURE))
    assert result.exit_code == 0
    (tmp_path / "learnt").mkdir()
    file = tmp_path / "learnt" / "some.py"
    file.write_text(result.stdout, encoding="utf-8")
    _clean(file)
    adapter = _loaded(file)["ADAPTER"]
    assert isinstance(adapter, Adapter)
    assert (adapter.name, adapter.hosts) == ("some_example", ("www.some.example",))
    assert [(e.method, e.path.pattern) for e in adapter.endpoints] == [
        ("GET", "/api/users/[^/]+/posts"),
        ("POST", "/api/explore"),
        ("GET", "/api/words"),
    ]
    for exchange, endpoint in zip(CAPTURE[1:4], adapter.endpoints, strict=True):
        page = read_page(exchange.body, adapter, endpoint)
        assert [post.text.removeprefix("A day\n") for post in page.posts] == [FRIEND] * 3
        assert all(post.id and post.author_id for post in page.posts)
        assert page.settled(["fold"] * 3) == ["fold"] * 3
    assert "GET www.some.example /api/users/[^/]+/posts: 6 posts, 2 pages" in result.stderr
    assert "Long day, but the bread" in result.stderr


def test_learns_as_json() -> None:
    told = json.loads(_run("learn", "--json", "-", data=_har(*CAPTURE)).stdout)
    feed = told["feeds"][0]
    assert (feed["items"], feed["post"], feed["fields"]["text"]) == (["data.posts"], [""], [["title"], ["html"]])
    assert (feed["pages"], len(feed["posts"]), feed["known"]) == (2, 6, None)
    assert feed["posts"][0] == {
        **{"id": "10", "author_id": "70", "author": "u0", "text": f"A day\n{FRIEND}", "ad": False, "own": None},
    }
    assert told["python"].startswith('"""Proposed')


def test_what_an_adapter_reads_already_is_only_proposed_alone() -> None:
    known = _exchange("https://mastodon.social/api/v1/timelines/home", _page(1)["data"]["posts"])
    assert [p.host for p in proposals((known, CAPTURE[0]))] == ["www.some.example"]
    assert [p.known for p in proposals((known,))] == ["mastodon"]
    assert "read by the adapter mastodon already" in _run("learn", "-", data=_har(known)).stderr


def test_several_hosts_and_odd_names(tmp_path: Path) -> None:
    """Whatever a server sends stays inside its quotes, and the terminal's state as it is."""
    odd = 'x"); import os  # \\ \n 🙂'
    exchanges = [
        _exchange("https://a.example/1/feed", {odd: _page(1)["data"]["posts"]}),
        _exchange("https://8.example/%22)/feed'\"x", {"l": _page(1, **{odd + "photos": []})["data"]["posts"]}),
        _exchange("https://b.example/f", [{"id": i, "author": "\x1b[31m", "text": FRIEND} for i in range(2)]),
    ]
    result = _run("learn", "-", data=_har(*exchanges))
    assert "\x1b" not in result.stderr
    file = tmp_path / "learnt.py"
    file.write_text(result.stdout, encoding="utf-8")
    adapters = [value for value in _loaded(file).values() if isinstance(value, Adapter)]
    assert {adapter.name for adapter in adapters} == {"a_example", "site_8_example", "b_example"}
    for exchange in exchanges:
        adapter = next(a for a in adapters if a.hosts == (exchange.url.hostname,))
        assert adapter.endpoints[0].path.fullmatch(exchange.url.path)
        assert len(read_page(exchange.body, adapter, adapter.endpoints[0]).posts) >= 2


def test_source_is_the_same_each_time() -> None:
    assert source(proposals(CAPTURE), "2026-11") == source(proposals(CAPTURE), "2026-11")


def test_learn_says_what_is_wrong(tmp_path: Path) -> None:
    for data, message in (
        (b"", "is empty"),
        (b"{}", "neither a HAR file nor a flow dump"),
        (_har(), "none of the 0 responses"),
        (_har(*CAPTURE[4:]), "none of the 4 responses in the capture holds a list of posts"),
        (_har(*CAPTURE)[:-9], "HAR file is broken"),
    ):
        with pytest.raises(InputError, match=message):
            _run("learn", "-", data=data)
    assert _run("learn", str(tmp_path / "missing.har")).exit_code == 2


# The guide.

GUIDE = ROOT / "docs" / "adapters.md"


def test_the_guide_has_the_table_that_the_code_makes() -> None:
    """To write it anew: circleshield adapters list --markdown."""
    assert coverage() in GUIDE.read_text(encoding="utf-8")
    assert _run("list", "--markdown").stdout == coverage() + "\n"


def test_the_example_of_the_guide_works(tmp_path: Path) -> None:
    page, python, want = re.findall(r"```(?:python|json)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)[:3]
    file = tmp_path / "kuakua.py"
    file.write_text(python, encoding="utf-8")
    _clean(file)
    adapter = _loaded(file)["ADAPTER"]
    read = read_page(page.encode(), adapter, adapter.endpoints[0])
    assert _as_wanted(read.posts) == json.loads(want)
    assert read.settled(["fold"] * len(read.posts)) == ["fold"] * len(read.posts)


def test_the_guide_names_every_declaration() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for declared in ("Adapter", "Endpoint", "Fields", "Stream"):
        module = importlib.import_module("circleshield_addon.adapter")
        for name in getattr(module, declared).__dataclass_fields__:
            assert f"`{name}`" in text, f"{declared}.{name}"
