"""The config file: what it may say, and how it says what is wrong."""

from pathlib import Path

import pytest

from circleshield_addon.routing import decrypted
from circleshield_addon.settings import Settings, load_settings
from circleshield_model.errors import InputError

HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IGhlcmU$c29tZSBoYXNoIHRoYXQgaXMgbm9ib2R5J3MgcGFzc3dvcmQ"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_no_file_means_all_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load_settings(None) == Settings()


def test_reads_every_key(config: Path) -> None:
    config.write_text(
        "[filter]\nremove_at = 1\nreview_at = 0.5\naction = 'watch'\nplatform_ads = false\n"
        "languages = ['zh']\nmin_length = 10\n"
        "[platforms.x]\nenabled = false\n[platforms.mastodon]\nhosts = ['toots.example', '*.fedi.example']\n"
        "action = 'fold'\nremove_at = 0.8\nreview_at = 0.7\nplatform_ads = true\nlanguages = ['en']\nmin_length = 3\n"
        "[profiles.child]\ndevices = ['192.168.1.7', '::ffff:192.168.1.8']\naction = 'label'\n"
        "[profiles.mine]\ndevices = ['192.168.1.7']\n"
        "[[rules]]\neffect = 'allow'\nauthor = '林小满'\nuntil = 2026-12-31\n"
        "[[rules]]\neffect = 'block'\nword = 'a'\npattern = 'b'\nlink = 'c.example'\nplatform = 'generic'\n"
        "[generic]\nhosts = ['example.social']\n"
        "[ledger]\nenabled = false\nstore_text = false\nkeep_days = 7\nkeep_rows = 50\n"
        "[friends]\nhistory = false\nsuggest_after = 3\nshield_after = 10\n"
        f"[users.anna]\npassword = '{HASH}'\n[profiles.anna]\ndevices = ['user:anna']\n",
        encoding="utf-8",
    )
    settings = load_settings(config)
    assert settings.filter.model_dump() == {
        "remove_at": 1.0,
        "review_at": 0.5,
        "action": "watch",
        "platform_ads": False,
        "languages": ("zh",),
        "min_length": 10,
    }
    own, origins = settings.effective("mastodon", "child")
    assert (own.action, own.remove_at, own.review_at, own.platform_ads) == ("label", 0.8, 0.7, True)
    assert (own.languages, own.min_length) == (("en",), 3)
    assert (origins["action"], origins["min_length"]) == ("profiles.child.action", "platforms.mastodon.min_length")
    assert settings.profile_of == {"192.168.1.7": "child", "192.168.1.8": "child", "user:anna": "anna"}
    assert settings.friends.model_dump() == {"history": False, "suggest_after": 3, "shield_after": 10}
    assert settings.users["anna"].password == HASH
    assert [str(rule) for rule in settings.rules] == [
        "allowed by your rule: author 林小满",
        "blocked by your rule: word a, pattern b, link c.example",
    ]
    assert settings.ledger.model_dump() == {"enabled": False, "store_text": False, "keep_days": 7, "keep_rows": 50}
    assert not settings.enabled("x")
    assert settings.enabled("bluesky")
    assert {"toots.example", "*.fedi.example", "weibo.com", "example.social"} <= set(settings.hosts)
    assert "x.com" not in settings.hosts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filter.remove_at = 1.4", "config.toml: filter.remove_at must be between 0 and 1, got 1.4"),
        ("filter.review_at = -0.1", "config.toml: filter.review_at must be between 0 and 1, got -0.1"),
        ("filter.remove_at = nan", "config.toml: filter.remove_at must be between 0 and 1, got nan"),
        ("filter.remove_at = '0.9'", "config.toml: filter.remove_at must be a number between 0 and 1, got '0.9'"),
        ("filter.remove_at = true", "config.toml: filter.remove_at must be a number between 0 and 1, got True"),
        ("filter.action = 'delete'", "filter.action must be one of remove, fold, label, watch, got 'delete'"),
        ("ledger.keep_days = 0", "config.toml: ledger.keep_days must be between 1 and 36500, got 0"),
        (
            "ledger.keep_rows = 1.5",
            "config.toml: ledger.keep_rows must be a whole number between 1 and 100000000, got 1.5",
        ),
        ("ledger.store_text = 1", "config.toml: ledger.store_text must be true or false, got 1"),
        ("ledger.keep_day = 1", "ledger.keep_day is not a known key; did you mean keep_days?"),
        ("filter.platform_ads = 1", "config.toml: filter.platform_ads must be true or false, got 1"),
        ("filter.remov_at = 0.9", "config.toml: filter.remov_at is not a known key; did you mean remove_at?"),
        ("filtr.remove_at = 0.9", "config.toml: filtr is not a known key; did you mean filter?"),
        ("zzz = 1", "config.toml: zzz is not a known key; there are: filter, platforms, profiles, rules, generic"),
        ("filter = 1", "config.toml: filter must be a table, got 1"),
        ("platforms.x = 1", "config.toml: platforms.x must be a table, got 1"),
        ("platforms.x.enabled = 'no'", "config.toml: platforms.x.enabled must be true or false, got 'no'"),
        (
            "platforms.x.on = true",
            "config.toml: platforms.x.on is not a known key; there are: remove_at, review_at, action",
        ),
        ("platforms.weibo.enabled = true", "platforms.weibo is not a known platform; did you mean weibo_web?"),
        ("platforms.x.hosts = ['a.example']", "platforms.x.hosts: X (Twitter) has no servers but its own"),
        ("platforms.mastodon.hosts = 'a.example'", "platforms.mastodon.hosts must be a list of host names, got 'a.ex"),
        ("platforms.mastodon.hosts = ['https://a.example/']", "mastodon.hosts[1] must be a host name without scheme"),
        ("platforms.mastodon.hosts = ['*.']", "mastodon.hosts[1] must be a host name without scheme, port or path, go"),
        (f"platforms.mastodon.hosts = ['{'a' * 64}.example']", "mastodon.hosts[1] must be a host name without scheme"),
        ("generic.hosts = 'a.example'", "generic.hosts must be a list of host names, got 'a.example'"),
        (
            "generic.hosts = ['a.example', 'b.example:80']",
            "generic.hosts[2] must be a host name without scheme, port o",
        ),
        ("generic.host = ['a.example']", "generic.host is not a known key; did you mean hosts?"),
        ("generic = true", "generic must be a table, got True"),
        ("filter = {review_at = 0.9, remove_at = 0.5}", "filter.review_at must not be above filter.remove_at, got 0.9"),
        ("[filter", "is not TOML: "),
        ("filter.languages = ['zh', 'fr']", "config.toml: filter.languages[2] must be one of zh, en, got 'fr'"),
        ("filter.languages = 'zh'", "config.toml: filter.languages must be a list of languages, got 'zh'"),
        ("filter.languages = []", "config.toml: filter.languages must not be empty"),
        ("filter.min_length = -1", "config.toml: filter.min_length must be between 0 and 10000, got -1"),
        ("filter.min_length = 10001", "config.toml: filter.min_length must be between 0 and 10000, got 10001"),
        ("filter.min_length = 1.5", "filter.min_length must be a whole number between 0 and 10000, got 1.5"),
        ("filter.min_length = '5'", "filter.min_length must be a whole number between 0 and 10000, got '5'"),
        ("platforms.x.remove_at = 2", "config.toml: platforms.x.remove_at must be between 0 and 1, got 2"),
        ("platforms.x.action = 'no'", "platforms.x.action must be one of remove, fold, label, watch, got 'no'"),
        ("platforms.x.languages = 1", "config.toml: platforms.x.languages must be a list of languages, got 1"),
        ("profiles = 1", "config.toml: profiles must be a table, got 1"),
        ("profiles.a = 1", "config.toml: profiles.a must be a table, got 1"),
        ("profiles.a.action = 'fold'", "config.toml: profiles.a.devices is missing"),
        ("profiles.a.devices = []", "config.toml: profiles.a.devices must not be empty"),
        (
            "profiles.a.devices = '::1'",
            "config.toml: profiles.a.devices must be a list of IP addresses or user:NAME, got",
        ),
        ("profiles.a.devices = [1]", "config.toml: profiles.a.devices[1] must be a text in quotes, got 1"),
        ("profiles.a.devices = ['phone']", "profiles.a.devices must be IP addresses or user:NAME, got 'phone'"),
        ("profiles.a.devices = ['user:']", "profiles.a.devices must be IP addresses or user:NAME, got 'user:'"),
        ("profiles.a.devices = ['user:anna']", "there is no proxy user anna; circleshield config add-user anna"),
        (
            "users.anna.password = 'secret'",
            "users.anna.password must be an Argon2 hash, as `circleshield config add-us",
        ),
        ("users.anna.password = 1", "config.toml: users.anna.password must be a text in quotes, got 1"),
        ("users.anna = {}", "config.toml: users.anna.password is missing"),
        (f"users.'a b'.password = '{HASH}'", "config.toml: users: 'a b' is no name; use letters, figures, - and _"),
        ("friends.history = 1", "config.toml: friends.history must be true or false, got 1"),
        ("friends.suggest_after = 0", "config.toml: friends.suggest_after must be between 1 and 100, got 0"),
        ("friends.shield_after = 101", "config.toml: friends.shield_after must be between 1 and 100, got 101"),
        ("friends.shield_after = 'x'", "friends.shield_after must be a whole number between 1 and 100, got 'x'"),
        ("friends.sheild_after = 9", "friends.sheild_after is not a known key; did you mean shield_after?"),
        ("profiles.a = {devices = ['::1'], enabled = true}", "profiles.a.enabled is not a known key"),
        ("profiles.a = {devices = ['::1'], review_at = 3}", "profiles.a.review_at must be between 0 and 1, got 3"),
        (
            "filter.review_at = 0.8\nplatforms.x.remove_at = 0.7",
            "filter.review_at must not be above platforms.x.remove_at, got 0.8 and 0.7",
        ),
        (
            "platforms.x.remove_at = 0.7\nprofiles.a = {devices = ['::1'], review_at = 0.8}",
            "config.toml: profiles.a.review_at must not be above platforms.x.remove_at, got 0.8 and 0.7",
        ),
        ("rules = 1", "config.toml: rules must be a list, got 1"),
        ("rules = [1]", "config.toml: rules[1] must be a table, got 1"),
        ("rules = [{word = 'a'}]", "config.toml: rules[1].effect is missing"),
        ("rules = [{effect = 'hide', word = 'a'}]", "rules[1].effect must be one of allow, block, got 'hide'"),
        ("rules = [{effect = 'block'}]", "config.toml: rules[1] needs at least one of author, word, pattern, link"),
        ("rules = [{effect = 'block', word = ''}]", "config.toml: rules[1].word must not be empty"),
        ("rules = [{effect = 'block', wrd = 'a'}]", "rules[1].wrd is not a known key; did you mean word?"),
        ("rules = [{effect = 'block', author = 7}]", "rules[1].author must be a text in quotes, got 7"),
        ("rules = [{effect = 'block', link = true}]", "rules[1].link must be a text in quotes, got True"),
        (
            "rules = [{effect = 'allow', word = 'a'}, {effect = 'block', pattern = '(a'}]",
            "config.toml: rules[2].pattern is not an RE2 regular expression: missing ): (a",
        ),
        (
            "rules = [{effect = 'block', word = 'a', platform = 'weibo'}]",
            "config.toml: rules[1].platform: weibo is not a known platform; did you mean weibo_web?",
        ),
        (
            "rules = [{effect = 'block', word = 'a', until = '2026-12-31'}]",
            "rules[1].until must be a day such as 2026-12-31, without quotes, got '2026-12-31'",
        ),
    ],
)
def test_each_bad_value_has_its_own_clear_error(config: Path, text: str, message: str) -> None:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_settings(config)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hosts_are_as_clients_spell_them(config: Path) -> None:
    config.write_text(
        "[platforms.mastodon]\nhosts = ['Toots.Example.', '*.嘟文.Example']\n[generic]\nhosts = ['论坛.中国']\n",
        "utf-8",
    )
    settings = load_settings(config)
    assert settings.platforms["mastodon"].hosts == ("toots.example", "*.xn--j5r817a.example")
    assert settings.generic.hosts == ("xn--kfsr23j.xn--fiqs8s",)
    for host in ("toots.example", "a.xn--j5r817a.example", "xn--kfsr23j.xn--fiqs8s"):
        assert decrypted(host, settings)


def test_all_faults_are_named_at_once(config: Path) -> None:
    for text in (
        "[filter]\nremove_at = 2\naction = 'x'\n",
        f"users.'a b'.password = '{HASH}'\naccess.clients = ['b']\n",
    ):
        config.write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_settings(config)
        assert len(str(caught.value).splitlines()) == 2


def test_files_that_cannot_be_read(config: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such config file"):
        load_settings(tmp_path / "missing.toml")
    with pytest.raises(InputError, match="cannot be read"):
        load_settings(tmp_path)
    config.write_bytes(b"# \xff")
    with pytest.raises(InputError, match="not UTF-8"):
        load_settings(config)
