"""`circleshield config`: write, show, set, check; and the docs that go with it."""

import json
import re
import stat
from pathlib import Path

import argon2
import pytest
from click.testing import CliRunner, Result

from circleshield.cli import circleshield
from circleshield.config_file import TABLES, commented
from circleshield_addon.settings import Settings, load_settings
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"

WRITTEN = """\
# mine
[filter] # what goes
action = "fold"   # gently
# low:
review_at = 0.5

[[rules]]
effect = "allow"
author = "林小满"
"""


def _run(path: Path, *arguments: str) -> str:
    result = CliRunner().invoke(
        circleshield, ["config", arguments[0], "--config", str(path), *arguments[1:]], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(WRITTEN, encoding="utf-8")
    return file


def test_init_writes_a_file_that_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    _run(file, "init")
    assert load_settings(file) == Settings()
    with pytest.raises(InputError, match="is there already; --force replaces it"):
        _run(file, "init")
    file.write_text("[filter]\n", encoding="utf-8")
    _run(file, "init", "--force")
    assert file.read_text(encoding="utf-8") == commented()


def test_the_commented_file_is_valid_with_every_key_taken_in() -> None:
    lines = [re.sub(r"^# (?=\[|\w+ = )", "", line) for line in commented().splitlines()]
    file = "\n".join(lines).replace("hosts = []", 'hosts = ["a.example"]', 1).replace("[platforms.x]", "[platforms.vk]")
    with pytest.raises(InputError, match="VK has no servers but its own"):
        _settings(file)
    settings = _settings(file.replace("[platforms.vk]", "[platforms.mastodon]"))
    assert settings.filter.remove_at == 0.95
    assert settings.rules[0].model_fields_set == {key.name for t in TABLES if t.header == "[[rules]]" for key in t.keys}
    assert settings.profiles["child"].devices == ("192.168.1.7",)


def _settings(text: str) -> Settings:
    from circleshield_addon.settings import parse_settings

    return parse_settings(text, Path("config.toml"))


def test_show_says_where_each_value_comes_from(config: Path) -> None:
    config.write_text(WRITTEN + "[platforms.x]\nenabled = false\naction = 'watch'\n", encoding="utf-8")
    shown = json.loads(_run(config, "show", "--json"))
    assert shown["filter.action"] == {"value": "fold", "from": "file"}
    assert shown["filter.review_at"] == {"value": 0.5, "from": "file"}
    assert shown["filter.remove_at"] == {"value": Scorer.load().remove_at, "from": "model"}
    assert shown["filter.languages"] == {"value": ["zh", "en"], "from": "default"}
    assert shown["platforms.x.enabled"] == {"value": False, "from": "file"}
    assert shown["platforms.x.action"] == {"value": "watch", "from": "file"}
    assert shown["platforms.bluesky.enabled"] == {"value": True, "from": "default"}
    assert shown["rules[1].author"] == {"value": "林小满", "from": "file"}
    assert shown["ledger.keep_days"] == {"value": 90, "from": "default"}
    always = [table for table in TABLES if table.example == table.header and "rules" not in table.header]
    assert {f"{table.header.strip('[]')}.{key.name}" for table in always for key in table.keys} <= shown.keys()
    words = _run(config, "show")
    assert re.search(r'^filter.action = "fold" +# file$', words, re.M)
    assert len(words.splitlines()) == len(shown)


def test_set_keeps_comments_and_order(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.fchmod", raising=False)  # as on Windows
    config.chmod(0o640)
    _run(config, "set", "filter.review_at", "0.6")
    assert config.read_text(encoding="utf-8") == WRITTEN.replace("0.5", "0.6")
    _run(config, "set", "filter.action", "label")
    _run(config, "set", "platforms.mastodon.hosts", '["toots.example"]')
    text = config.read_text(encoding="utf-8")
    assert text.startswith(WRITTEN.replace("0.5", "0.6").replace('"fold"   # gently', '"label"   # gently'))
    assert load_settings(config).platforms["mastodon"].hosts == ("toots.example",)
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert [file.name for file in config.parent.iterdir()] == ["config.toml"]


def test_set_takes_the_place_of_the_commented_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    _run(file, "init")
    _run(file, "set", "filter.remove_at", "0.9")
    _run(file, "set", "generic.hosts", "['a.example']")
    expected = commented().replace("# remove_at = 0.95", "remove_at = 0.9")
    head, _, tail = expected.rpartition("# hosts = []")
    assert file.read_text(encoding="utf-8") == f"{head}hosts = ['a.example']{tail}"


def test_set_takes_every_way_of_writing_a_table(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    dotted = b"\xef\xbb\xbffilter.remove_at = 0.9 # a\r\nplatforms = {x = {enabled = false}} # b\r\n"
    file.write_bytes(dotted)
    _run(file, "set", "filter.min_length", "3")
    _run(file, "set", "platforms.x.action", "label")
    _run(file, "set", "platforms.mastodon.action", "fold")
    settings = load_settings(file)
    assert (settings.filter.remove_at, settings.filter.min_length) == (0.9, 3)
    assert (settings.platforms["x"].enabled, settings.platforms["x"].action) == (False, "label")
    assert settings.platforms["mastodon"].action == "fold"
    assert b"0.9 # a\r\n" in file.read_bytes()
    assert b" # b\r\n" in file.read_bytes()


def test_set_begins_a_file_and_follows_a_link(tmp_path: Path) -> None:
    link, file = tmp_path / "link.toml", tmp_path / "file.toml"
    link.symlink_to(file)
    _run(link, "set", "filter.min_length", "5")
    assert link.is_symlink()
    assert load_settings(file).filter.min_length == 5


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("filter.remove_at", "2", r"filter\.remove_at must be between 0 and 1, got 2"),
        ("filter.remove_at", "0.4", r"filter\.review_at must not be above filter\.remove_at, got 0\.5 and 0\.4"),
        ("filter.review_at", "1.0", "review_at must not be above remove_at, which is the model's own here"),
        ("filter.min_length", "-1", r"filter\.min_length must be between 0 and 10000, got -1"),
        ("filter.remov_at", "0.9", "did you mean remove_at"),
        ("filter", "0.9", "is not a key that can be set"),
        ("filter..a", "0.9", "is not a key that can be set"),
        ("rules.word", "a", "rules are edited in the file"),
        ("filter.action.deep", "1", r"filter\.action must be a table"),
        ("platforms.y.enabled", "false", "is not a known platform"),
    ],
)
def test_set_refuses_what_would_be_invalid(config: Path, key: str, value: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _run(config, "set", key, value)
    assert config.read_text(encoding="utf-8") == WRITTEN


def test_set_refuses_to_edit_what_is_not_toml(config: Path) -> None:
    config.write_text("[filter", encoding="utf-8")
    with pytest.raises(InputError, match="is not TOML"):
        _run(config, "set", "filter.action", "fold")
    assert config.read_text(encoding="utf-8") == "[filter"


def test_check(config: Path, tmp_path: Path) -> None:
    assert _run(config, "check") == f"{config}: valid\n"
    other = tmp_path / "other.toml"
    other.write_text("[[rules]]\neffect = 'block'\npattern = '('\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.toml: rules\[1\]\.pattern is not an RE2 regular expression"):
        _run(config, "check", str(other))
    other.write_text("[filter]\nreview_at = 1.0\n", encoding="utf-8")
    with pytest.raises(InputError, match="which is the model's own here"):
        _run(config, "check", str(other))


def _add_user(path: Path, name: str, password: str) -> Result:
    arguments = ["config", "add-user", "--config", str(path), name]
    return CliRunner().invoke(circleshield, arguments, input=password)


def test_users_are_added_and_removed(config: Path) -> None:
    assert _add_user(config, "anna", "tea for two\n").exit_code == 0
    assert _add_user(config, "小满", "茶\n").exit_code == 0
    text = config.read_text(encoding="utf-8")
    assert text.startswith(WRITTEN)
    assert "tea" not in text
    users = load_settings(config).users
    assert argon2.PasswordHasher().verify(users["anna"].password, "tea for two")
    assert argon2.PasswordHasher().verify(users["小满"].password, "茶")
    assert _add_user(config, "anna", "coffee").exit_code == 0
    assert argon2.PasswordHasher().verify(load_settings(config).users["anna"].password, "coffee")
    assert json.loads(_run(config, "show", "--json"))["users.anna.password"] == {"value": "…", "from": "file"}
    _run(config, "remove-user", "小满")
    assert set(load_settings(config).users) == {"anna"}
    with pytest.raises(InputError, match="there is no proxy user 小满"):
        _run(config, "remove-user", "小满")
    _run(config, "set", "profiles.mine.devices", '["user:anna"]')
    with pytest.raises(InputError, match=r"profiles\.mine\.devices names user:anna; take that out of it first"):
        _run(config, "remove-user", "anna")
    assert set(load_settings(config).users) == {"anna"}


@pytest.mark.parametrize(
    ("name", "password", "says"),
    [("anna", "\n", "must not be empty"), ("a.b", "x\n", "is no name"), ("a b", "x\n", "is no name")],
)
def test_users_that_are_none(config: Path, name: str, password: str, says: str) -> None:
    assert says in str(_add_user(config, name, password).exception)
    assert config.read_text(encoding="utf-8") == WRITTEN


def test_every_table_is_explained() -> None:
    headers = {table.header.strip("[]").partition(".")[0] for table in TABLES}
    assert headers == set(Settings.model_fields)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.header)
def test_the_docs_have_every_key_as_it_is_declared(table: object) -> None:
    text = DOCS.read_text(encoding="utf-8")
    (table,) = (t for t in TABLES if t is table)
    section = re.search(rf"^## `{re.escape(table.header)}`\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert section is not None, table.header
    rows = [line for line in section[1].splitlines() if line.startswith("| `")]
    wanted = [f"| `{k.name}` | {f'`{k.default}`' if k.default else ''} | {k.values} | {k.help} |" for k in table.keys]
    assert rows == wanted, "\n".join(wanted)
