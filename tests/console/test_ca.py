"""`circleshield ca` without a running proxy. With one: tests/end_to_end/test_authority.py."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from circleshield.commands.ca import command
from circleshield_addon import authority


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("[platforms.mastodon]\nhosts = ['toots.example']\n", encoding="utf-8")
    authority.create(tmp_path / "ca", ("toots.example", "weibo.com"))
    return tmp_path


def run(home: Path, *arguments: str, code: int = 0) -> str:
    options = ("--home", str(home)) if arguments[0] == "export" else with_config(home)
    result = CliRunner().invoke(command, [*arguments, *options])
    assert result.exit_code == code, result.output
    return result.stdout


def with_config(home: Path) -> tuple[str, ...]:
    return ("--home", str(home), "--config", str(home / "config.toml"))


def test_show(home: Path) -> None:
    about = json.loads(run(home, "show", "--json"))
    found = authority.read(home / "ca")
    assert about["name"] == found.title
    assert about["sha256"] == found.fingerprint
    assert (about["kind"], about["domains"]) == ("constrained", ["toots.example", "weibo.com"])
    assert "was not made for m.weibo.cn" in about["troubles"][0]
    text = run(home, "show")
    assert found.title in text
    assert "toots.example, weibo.com" in text
    assert "circleshield ca renew" in text


@pytest.mark.parametrize("name", ["x.pem", "x.cer", "x.crt", "x.der"])
def test_export_to_a_file(name: str, home: Path) -> None:
    run(home, "export", str(home / name))
    data = (home / name).read_bytes()
    read = x509.load_pem_x509_certificate if name == "x.pem" else x509.load_der_x509_certificate
    assert read(data) == authority.read(home / "ca").root
    assert b"KEY" not in data


def test_export_to_stdout(home: Path) -> None:
    assert run(home, "export", "-") == (home / "ca" / authority.ROOT_FILE).read_text()


def test_renew_is_for_what_is_enabled_now(home: Path) -> None:
    before = authority.read(home / "ca")
    run(home, "renew")
    after = authority.read(home / "ca")
    assert after.fingerprint != before.fingerprint
    assert after.names is not None
    assert {"toots.example", "m.weibo.cn", "circle.shield"} <= set(after.names)
    assert json.loads(run(home, "show", "--json"))["troubles"] == []
    result = CliRunner().invoke(command, ["renew", "--ca", "unconstrained", *with_config(home)])
    assert "may sign for any site" in result.stderr
    assert authority.read(home / "ca").names is None
