"""The review page's settings: what is written to the config file, what other cut-offs would change, pauses."""

import html
import re
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace
from tests.console.review_client import Browser, made, owner, paired, parts_of, record, verdict

from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.settings import load_settings

CONFIG = """# mine
[filter]
remove_at = 0.97  # strict
action = "remove"

[platforms.vk]
# not here
enabled = false
"""
DAY = 86_400


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def app(tmp_path: Path, config: Path) -> Flask:
    app = made(tmp_path)
    parts_of(app).reloading.config = config
    return app


def _form(page: str) -> dict[str, Any]:
    """What the form would send as it stands."""
    number = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page) for name in ("remove_at", "review_at")}
    was = re.search(r'name="was" value="([^"]*)"', page)
    action = re.search(r'name="action" value="(\w+)" checked', page)
    assert was is not None
    assert action is not None
    return {
        **{name: found[1] for name, found in number.items() if found is not None},
        "was": html.unescape(was[1]),
        "action": action[1],
        "on": re.findall(r'name="on" value="(\w+)" checked', page),
    }


def _saved(browser: Browser, **changed: Any) -> str:
    form = {**_form(browser.get("/settings")), **changed}
    reply = browser.post("/settings", **form)
    return browser.get("/settings") if reply.status_code == 303 else reply.text


def test_shows_the_file_as_it_is(app: Flask, config: Path) -> None:
    browser = owner(app)
    form = _form(browser.get("/settings"))
    assert (form["remove_at"], form["action"]) == ("0.97", "remove")
    assert form["review_at"] == f"{parts_of(app).shield.judge.scorer.review_at:g}"
    assert set(form["on"]) == {adapter.name for adapter in ADAPTERS} - {"vk"}
    config.write_text(CONFIG.replace("0.97", "0.5").replace("enabled = false", "enabled = true"), encoding="utf-8")
    form = _form(browser.get("/settings"))
    assert form["remove_at"] == "0.5"
    assert "vk" in form["on"]
    config.unlink()
    assert _form(browser.get("/settings"))["remove_at"] == f"{parts_of(app).shield.judge.scorer.remove_at:g}"


def test_writes_what_was_changed_and_keeps_the_comments(app: Flask, config: Path) -> None:
    browser = owner(app)
    assert "Nothing was changed" in _saved(browser)
    assert config.read_text(encoding="utf-8") == CONFIG
    on = [name for name in _form(browser.get("/settings"))["on"] if name != "x"] + ["vk"]
    assert "Written to the config file: 4" in _saved(browser, remove_at="0.92", action="fold", on=on)
    text = config.read_text(encoding="utf-8")
    assert text == CONFIG.replace("0.97", "0.92").replace('"remove"', '"fold"').replace("= false", "= true") + (
        "\n[platforms.x]\nenabled = false\n"
    )
    settings = load_settings(config)
    assert settings.filter.review_at is None, "what was not touched stays the model's"
    assert [adapter.name for adapter in ADAPTERS if not settings.enabled(adapter.name)] == ["x"]


def test_a_change_of_the_file_meanwhile_stays(app: Flask, config: Path) -> None:
    browser = owner(app)
    form = _form(browser.get("/settings"))
    config.write_text(CONFIG.replace("0.97", "0.91"), encoding="utf-8")
    assert browser.post("/settings", **{**form, "action": "label"}).status_code == 303
    assert config.read_text(encoding="utf-8") == CONFIG.replace("0.97", "0.91").replace('"remove"', '"label"')


def test_back_to_the_models_own_cutoff(app: Flask, config: Path) -> None:
    browser = owner(app)
    assert re.findall(r'name="own" value="(\w+)"', browser.get("/settings")) == ["remove_at"]
    page = _saved(browser, own="remove_at", action="fold")
    assert config.read_text(encoding="utf-8") == CONFIG.replace("remove_at =", "# remove_at =").replace(
        '"remove"', '"fold"'
    )
    assert _form(page)["remove_at"] == f"{parts_of(app).shield.judge.scorer.remove_at:g}"
    assert 'name="own"' not in page
    _saved(browser, remove_at="0.92")
    assert "remove_at = 0.92  # strict\n" in config.read_text(encoding="utf-8"), "the comment is there again"
    config.write_text("filter.remove_at = 0.9\n# mine\n", encoding="utf-8")
    _saved(browser, own="remove_at")
    assert config.read_text(encoding="utf-8") == "# mine\n"
    config.write_text("[filter]\nremove_at = 0.9\nreview_at = 0.001\n\n[filter", encoding="utf-8")
    assert "is not TOML" in _saved(browser, own="remove_at")


def test_what_cannot_be_is_not_written(app: Flask, config: Path, tmp_path: Path) -> None:
    record(tmp_path, verdict(1))
    browser = owner(app)
    page = _saved(browser, remove_at="0.4", review_at="0.6")
    assert "Not written: config.toml: filter.review_at must not be above filter.remove_at" in html.unescape(page)
    assert _form(page)["remove_at"] == "0.4", "what was typed is still there"
    assert "must be between 0 and 1" in _saved(browser, remove_at="7")
    assert config.read_text(encoding="utf-8") == CONFIG
    form = _form(browser.get("/settings"))
    for wrong in ({"remove_at": "nan"}, {"review_at": "inf"}, {"action": "explode"}, {"remove_at": "x"}, {"was": "{"}):
        assert browser.post("/settings", **{**form, **wrong}).status_code == 400, wrong
    config.write_text("[filter\n", encoding="utf-8")
    assert "is not TOML" in _saved(browser, remove_at="0.9")
    assert config.read_text(encoding="utf-8") == "[filter\n"


def test_what_other_cutoffs_would_change(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, *(verdict(f"a{n}", score=0.5) for n in range(8)), ago=14 * DAY)
    record(tmp_path, *(verdict(f"b{n}", action="review", score=0.93) for n in range(6)), *(_kept(4)), ago=DAY)
    record(tmp_path, *(verdict(f"c{n}", score=0.99) for n in range(4)))
    browser = owner(app)
    browser.post("/posts", one="social weibo:b0")
    said = browser.get("/settings/forecast?remove_at=0.9&review_at=0.5")
    assert "+3 posts a week taken out" in said
    assert ", 1 of them you restored" in said
    assert "4 unsure a week, now 3" in said
    assert "From 22 posts of the last 14 days" in said
    assert "−2 posts a week taken out" in browser.get("/settings/forecast?remove_at=0.995&review_at=0.5")
    assert "as many posts taken out as now" in browser.get("/settings")
    assert "restored" not in browser.get("/settings/forecast?remove_at=0.98&review_at=0.5")
    assert "as many posts taken out as now" in browser.get("/settings/forecast?remove_at=nan&review_at=1e999")
    assert "<html" not in said
    form = _form(browser.get("/settings"))
    page = browser.post("/settings/try", **{**form, "remove_at": "0.9", "action": "fold"})
    assert "+3 posts a week taken out" in page.text
    assert _form(page.text)["action"] == "fold"


def _kept(count: int) -> Any:
    return (verdict(f"k{n}", action="keep", score=0.01) for n in range(count))


def test_old_posts_and_those_that_a_rule_decided_do_not_count(app: Flask, tmp_path: Path) -> None:
    browser = owner(app)
    record(tmp_path, verdict("old"), ago=40 * DAY)
    record(tmp_path, replace(verdict("ruled"), decided=("author blocked at your wish",)))
    assert "no posts of the last four weeks" in browser.get("/settings")
    record(tmp_path, verdict("new"))
    assert "From 1 posts" in browser.get("/settings")


def test_cutoffs_elsewhere_are_told(app: Flask, config: Path) -> None:
    browser = owner(app)
    assert "cut-offs of their own" not in browser.get("/settings")
    config.write_text(CONFIG + "remove_at = 0.99\n", encoding="utf-8")
    assert "cut-offs of their own" in browser.get("/settings")


@pytest.mark.parametrize(("span", "least", "most"), [("15m", 899, 901), ("1h", 3599, 3601), ("tomorrow", 0, DAY + 1)])
def test_pauses(app: Flask, span: str, least: float, most: float) -> None:
    browser, pauses = owner(app), parts_of(app).shield.pauses
    browser.post("/settings/pause", span=span, who="all")
    (pause,) = pauses.in_force()
    assert pause.device is None
    assert least <= pause.until - time.time() <= most
    if span == "tomorrow":
        assert time.localtime(pause.until)[3:6] == (0, 0, 0)
    page = browser.get("/settings")
    assert "Paused until" in page
    assert "Nothing is filtered for a while" in page
    browser.post("/settings/resume", device="")
    assert not pauses.in_force()
    assert "Paused until" not in browser.get("/settings")


def test_one_device_is_paused(app: Flask) -> None:
    phone = paired(app, "192.168.1.9", "owner")
    phone.post("/settings/pause", span="1h", who="this")
    pauses = parts_of(app).shield.pauses
    assert pauses.paused("192.168.1.9")
    assert not pauses.paused("192.168.1.8")
    phone.post("/settings/resume", device="192.168.1.9")
    assert not pauses.paused("192.168.1.9")
    assert phone.post("/settings/pause", span="1 year").status_code == 400


def test_for_the_owner(app: Flask, config: Path) -> None:
    device = paired(app, "192.168.1.9")
    for path in ("/settings", "/settings/forecast"):
        assert device.ask(path).status_code == 403
    for path in ("/settings", "/settings/try", "/settings/pause", "/settings/resume"):
        token = re.search(r'name="form_token" value="(\w+)"', device.get("/"))
        assert token is not None
        headers = {"Origin": "http://circle.shield"}
        reply = device.ask(path, "POST", data={"form_token": token[1], "span": "1h"}, headers=headers)
        assert reply.status_code == 403
        assert "Only the owner" in reply.text
    assert not parts_of(app).shield.pauses.in_force()


def test_a_forecast_that_comes_late_leaves_the_notice_to_the_page(app: Flask) -> None:
    browser = owner(app)
    form = _form(browser.get("/settings"))
    assert browser.post("/settings", **{**form, "action": "label"}).status_code == 303
    assert 'class="notice"' not in browser.get("/settings/forecast?remove_at=0.9&review_at=0.5")
    assert 'class="notice"' in browser.get("/settings")
    assert 'class="notice"' not in browser.get("/settings")
