"""The review page's model: a training in a process of its own, the gate's verdict, versions and the way back."""

import html
import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from tests.console.review_client import Browser, made, owner, paired, parts_of

from circleshield.review import training
from circleshield.review.app import review_app
from circleshield.review.hosting import ReviewHost
from circleshield.review.in_language import in_language
from circleshield_addon.reloading import Files, Reloading
from circleshield_model import artefact, versions
from circleshield_training.retrain import gathered
from circleshield_training.samples import Sample

FINDING = {"part": "your own labels", "figure": "wrongly removed", "posts": 9, "before": 0.01, "now": 0.25}
FOUND: dict[str, Any] = {
    "outcome": "proposed",
    "version": "0123456789ab",
    "rows": {"social": 3, "sales_spam": 4},
    "gate": {"passed": True, "findings": [{**FINDING, "verdict": "same"}], "broken": []},
    "changes": [
        {"platform": "weibo", "author": "阿明", "text": "<b>奶茶", "removed": True, "before": 0.4, "now": 0.98},
        {"platform": "weibo", "author": "小周", "text": "散步", "removed": False, "before": 0.97, "now": 0.1},
    ],
    "notes": ["7 labelled posts are few: expect little"],
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return made(tmp_path)


def _child(monkeypatch: pytest.MonkeyPatch, script: str, found: dict[str, Any] | None = None) -> None:
    """In place of `circleshield train`."""
    prelude = f"import json, signal, sys, time\nfound = {found!r}\n"
    monkeypatch.setattr(training, "COMMAND", [sys.executable, "-c", prelude + script])


_PRINTS = "print(json.dumps(found))"
_WAITS = (
    "print(json.dumps({'done': 0.5, 'what': 'proving on posts left out'}), file=sys.stderr, flush=True)\ntime.sleep(60)"
)


def _until(is_so: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def _trained(app: Flask, browser: Browser) -> str:
    assert browser.post("/model/train").status_code == 303
    _until(lambda: not parts_of(app).training.running)
    return browser.get("/model")


def _version(home: Path, name: str, outcome: str = "promoted") -> None:
    folder = versions.models(home) / name
    folder.mkdir(parents=True)
    for file in (artefact.MANIFEST, artefact.ARRAYS):
        shutil.copy(artefact.PACKAGED / file, folder)
    (folder / artefact.GATE).write_text(json.dumps({"outcome": outcome, "rows": FOUND["rows"]}), encoding="utf-8")


def test_the_verdict_in_plain_words_and_which_posts_change(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, _PRINTS, FOUND)
    page = html.unescape(_trained(app, owner(app)))
    assert "The new model 0123456789ab is not worse than the one in use" in page
    assert re.search(r"your own labels: ordinary posts removed <strong>25.0 %</strong>, before 1.0 %", page)
    assert "no clear change" in page
    assert "would remove: 1" in page
    assert "would show again: 1" in page
    assert "0.40 → 0.98" in page
    assert "7 labelled posts are few" in page
    assert "&lt;b&gt;奶茶" in owner(app).get("/model"), "posts are hostile input"
    chinese = owner(app, language="zh").get("/model")
    assert "你的标注: 被误拦的普通内容" in chinese
    assert "只有 7 条标注，效果有限" in chinese


def test_a_worse_model_is_advised_against(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = {"passed": False, "findings": [{**FINDING, "verdict": "worse"}], "broken": ["生日快乐"]}
    _child(monkeypatch, _PRINTS + "; sys.exit(3)", {**FOUND, "outcome": "refused", "gate": gate})
    page = _trained(app, owner(app))
    assert "Better leave it" in page
    assert "Use it all the same" in page
    assert "gets wrong now: <bdi>生日快乐</bdi>" in page


@pytest.mark.parametrize("choice", ["use", "leave"])
def test_promote_or_leave(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: str) -> None:
    _child(monkeypatch, _PRINTS, FOUND)
    _version(tmp_path, FOUND["version"], "proposed")
    browser = owner(app)
    _trained(app, browser)
    browser.post(f"/model/{choice}", version=FOUND["version"])
    assert versions.in_use(tmp_path) == (FOUND["version"] if choice == "use" else versions.NAME)
    page = browser.get("/model")
    assert "Put it in use?" not in page
    assert FOUND["version"] in page, "it is among the versions"


def test_versions_and_the_way_back(app: Flask, tmp_path: Path) -> None:
    browser = owner(app)
    assert "Back to the one before" not in browser.get("/model")
    _version(tmp_path, "aaaaaaaaaaaa")
    _version(tmp_path, "bbbbbbbbbbbb", "refused")
    browser.post("/model/use", version="aaaaaaaaaaaa")
    browser.post("/model/use", version="bbbbbbbbbbbb")
    page = browser.get("/model")
    assert "worse when it was made" in page
    assert re.findall(r'name="version" value="(\w*)"', page) == ["aaaaaaaaaaaa", versions.NAME, ""]
    browser.post("/model/use")
    assert versions.in_use(tmp_path) == "aaaaaaaaaaaa"
    browser.post("/model/use", version=versions.NAME)
    assert versions.in_use(tmp_path) == versions.NAME


@pytest.mark.parametrize("wrong", ["../../etc", "cccccccccccc", "aaaaaaaaaaaa"])
def test_what_cannot_be_loaded_is_not_put_in_use(app: Flask, tmp_path: Path, wrong: str) -> None:
    _version(tmp_path, "aaaaaaaaaaaa")
    (versions.models(tmp_path) / "aaaaaaaaaaaa" / artefact.ARRAYS).write_bytes(b"x")
    assert owner(app).post("/model/use", version=wrong).status_code == 503
    assert versions.in_use(tmp_path) == versions.NAME


def test_progress_one_at_a_time_and_stopped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, _WAITS)
    browser, run = owner(app), parts_of(app).training
    assert browser.ask("/model/progress").status_code == 204
    assert run.start()
    assert not run.start()
    _until(lambda: run.done)
    told = browser.get("/model/progress")
    assert 'value="0.485"' in told
    assert re.search(r"about \d+ s left", told)
    page = browser.get("/model")
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "Train now" not in page
    browser.post("/model/train")
    assert "under way already" in browser.get("/model")
    browser.post("/model/stop")
    assert not run.running
    assert "Train now" in browser.get("/model")
    assert run.result is None


def test_one_that_does_not_heed_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_STOP_SECONDS", 0.3)
    _child(monkeypatch, "signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + _WAITS)
    run = training.Training(tmp_path)
    run.start()
    _until(lambda: run.done)
    run.stop()
    assert not run.running


def test_the_end_of_the_proxy_ends_it(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _child(monkeypatch, _WAITS)
    parts = parts_of(app)
    host = ReviewHost(tmp_path, parts.shield, parts.reloading)
    host.training.start()
    _until(lambda: host.training.done)
    host.done()
    assert not host.training.running


def test_why_nothing_was_learnt(app: Flask) -> None:
    page = _trained(app, owner(app))  # the real command, without any label
    assert "Nothing was learnt:" in page
    assert "there are no labelled posts" in page
    assert "没有可学习的标注，请先标注一些内容" in owner(app, language="zh").get("/model")


def test_notes_are_in_both_languages() -> None:
    both, ordinary = [Sample("a", True), Sample("b", True), Sample("b", False)], [Sample("a", False)]
    notes = [note for samples in (both, ordinary) for note in gathered(samples.__iter__).notes]
    assert len(notes) == 6
    for note in notes:
        assert not re.search("[A-Za-z]", in_language("zh", note)), note


def test_after_a_restart_the_last_result_is_known(app: Flask, tmp_path: Path) -> None:
    assert "What the last training came to" not in owner(app).get("/model")
    _version(tmp_path, "aaaaaaaaaaaa")
    gate = {"passed": False, "findings": [{**FINDING, "verdict": "worse"}], "broken": ["生日快乐"]}
    found = json.dumps({"outcome": "refused", "rows": FOUND["rows"], "gate": gate})
    (versions.models(tmp_path) / "aaaaaaaaaaaa" / artefact.GATE).write_text(found, encoding="utf-8")
    page = owner(app).get("/model")
    assert "What the last training came to" in page
    assert "Model aaaaaaaaaaaa is worse than the one that was in use" in page
    assert "gets wrong now: <bdi>生日快乐</bdi>" in page


def test_a_fixed_model_is_told(app: Flask, tmp_path: Path) -> None:
    parts = parts_of(app)
    reloading = Reloading(parts.shield, Files(model=tmp_path / "mine"), (None, None))
    fixed = review_app(replace(parts, reloading=reloading))
    assert "runs with --model" in owner(fixed).get("/model")


def test_for_the_owner(app: Flask, tmp_path: Path) -> None:
    device = paired(app, "192.168.1.9")
    token = re.search(r'name="form_token" value="(\w+)"', device.get("/"))
    assert token is not None
    for path in ("/model", "/model/progress"):
        assert device.ask(path).status_code == 403
    for path in ("/model/train", "/model/stop", "/model/leave", "/model/use"):
        headers = {"Origin": "http://circle.shield"}
        reply = device.ask(path, "POST", data={"form_token": token[1]}, headers=headers)
        assert "Only the owner" in reply.text, path
    assert not parts_of(app).training.running
