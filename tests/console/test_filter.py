"""`circleshield filter` as a command: bytes in, bytes out, a report beside."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from circleshield.commands.filter import command
from circleshield_model.errors import InputError

URL = "https://mastodon.social/api/v1/timelines/home"
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)
PAGE = (
    '[ {"id":"1","content":"' + FRIEND + '","account":{"id":"7","acct":"a"},"n":1.50} ,\n'
    '  {"id":"2","content":"' + SALES + '","account":{"id":"8","acct":"b"}} ]\n'
).encode()
LEFT = b"[ " + PAGE[2 : PAGE.index(b" ,\n")] + b" ]\n"


def _run(*arguments: str, body: bytes = PAGE) -> Result:
    return CliRunner().invoke(command, arguments, input=body, env={"CIRCLESHIELD_CONFIG": ""}, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _no_config_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_body_and_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = _run("--url", URL, "--report", str(report))
    assert result.exit_code == 0
    assert result.stdout_bytes == LEFT
    assert report.stat().st_mode & 0o777 == 0o600
    told = json.loads(report.read_text(encoding="utf-8"))
    assert (told["adapter"], told["changed"]) == ("mastodon", True)
    assert [(p["id"], p["author_id"], p["author"], p["text"], p["action"]) for p in told["posts"]] == [
        ("1", "7", "a", FRIEND, "keep"),
        ("2", "8", "b", SALES, "remove"),
    ]
    for post in told["posts"]:
        assert set(post) == {"id", "author_id", "author", "text", "score", "action", "reasons"}
        assert 0 <= post["score"] <= 1
        assert post["reasons"]


def test_a_file_and_a_coding(tmp_path: Path) -> None:
    file, out = tmp_path / "body.gz", tmp_path / "filtered.gz"
    file.write_bytes(gzip.compress(PAGE))
    result = _run("--url", URL, "--content-encoding", "gzip", str(file))
    assert gzip.decompress(result.stdout_bytes) == LEFT
    assert _run("--url", URL, "--content-encoding", "gzip", "--out", str(out), str(file)).stdout_bytes == b""
    assert out.read_bytes() == result.stdout_bytes
    assert out.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--url", "https://mastodon.social/api/v1/accounts/1"), "no enabled adapter"),
        (("--url", URL, "--method", "POST"), "no enabled adapter"),
        (("--url", URL, "--content-type", "text/html"), "not that of a feed page"),
        (("--url", URL, "--content-encoding", "br"), "passes unfiltered: corrupt"),
    ],
)
def test_what_is_no_feed_page_passes(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    report = tmp_path / "report.json"
    body = b"\x00" + PAGE
    result = _run(*arguments, "--report", str(report), body=body)
    assert result.exit_code == 0
    assert result.stdout_bytes == body
    assert said in result.stderr
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["changed"] is False
    assert told["posts"] == []


def test_a_server_that_would_not_be_decrypted_is_pointed_out() -> None:
    result = _run("--url", "https://toots.example/api/v1/timelines/home")
    assert result.stdout_bytes == LEFT
    assert "add it to platforms.mastodon.hosts" in result.stderr


def test_a_config_counts(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("filter.action = 'watch'\n", encoding="utf-8")
    assert _run("--url", URL, "--config", str(config)).stdout_bytes == PAGE
    config.write_text("platforms.mastodon.enabled = false\n", encoding="utf-8")
    assert "no enabled adapter" in _run("--url", URL, "--config", str(config)).stderr


def test_bad_input_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a whole URL"):
        _run("--url", "mastodon.social/api")
    with pytest.raises(InputError, match="must be a whole URL"):
        _run("--url", "https://[::1")
    with pytest.raises(InputError, match="must be a whole URL"):
        _run("--url", URL.replace("/api", ":99999/api"))
    with pytest.raises(InputError, match="cannot be written"):
        _run("--url", URL, "--report", str(tmp_path / "no" / "such" / "folder.json"))
    assert _run("--url", URL, str(tmp_path / "missing")).exit_code == 2
    assert _run().exit_code == 2
