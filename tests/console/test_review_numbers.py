"""The review page's numbers: what was seen and taken out, why, at what cost, by which model."""

import json
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from tests.console import recorded
from tests.console.review_client import made, owner, paired, parts_of, record, verdict

from circleshield.review.app import review_app
from circleshield_addon.drift import Drift
from circleshield_addon.reloading import Files, Reloading
from circleshield_model import artefact

DAY = 86_400


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return made(tmp_path)


def _heights(page: str) -> list[float]:
    """The columns of the first chart's first series, first day first."""
    bars = re.search(r'class="series serie-0 color-0"><g class="bars">(.*?)</g></g>', page, re.S)
    assert bars is not None
    return [float(h) for h in re.findall(r' height="([\d.]+)"', bars[1])]


def _cells(page: str) -> list[list[str]]:
    page = re.sub(r"</?bdi>", "", page)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", page, re.S)]


def test_by_day_and_platform_with_the_reasons(app: Flask, tmp_path: Path) -> None:
    record(tmp_path, *(verdict(f"a{n}") for n in range(3)), verdict("b", action="review"), ago=DAY)
    record(tmp_path, verdict("c", action="fold"), verdict("d", action="keep"), verdict("e", action="watch"))
    record(tmp_path, verdict("old"), ago=20 * DAY)
    page = owner(app).get("/numbers")
    rows = _cells(page)
    assert [row[1:] for row in rows if row and re.match(r"\d{4}-", row[0])] == [["4", "3", "1"], ["3", "1", "0"]]
    assert ["Weibo", "7", "4", "1"] in rows
    assert ["“代理”", "5"] in rows
    assert ["招募代理", "5"] in _cells(owner(app, language="zh").get("/numbers"))
    assert ["评分 ≥ 0.95", "5"] in _cells(owner(app, language="zh").get("/numbers"))
    taken = _heights(page)
    assert len(taken) == 7
    assert taken[-2] == pytest.approx(3 * taken[-1])
    assert taken[:-2] == [0] * 5
    assert ["Weibo", "8", "5", "1"] in _cells(owner(app).get("/numbers?days=30"))
    assert ["Weibo", "7", "4", "1"] in _cells(owner(app).get("/numbers?days=x"))


def test_each_platform_has_a_line_of_the_chart_for_its_name(app: Flask, tmp_path: Path) -> None:
    for count, platform in enumerate(("x", "mastodon", "xiaohongshu", "weibo"), 1):
        recorded.record(tmp_path, *(verdict(f"{n}") for n in range(count)), platform=platform)
    chart = owner(app).get("/numbers").split("<svg ")[-1]
    axis = chart[chart.index('class="axis y"') : chart.index('class="axis x')]
    heights = {name: float(y) for y, name in re.findall(r'y="([\d.]+)"[^>]*>(\w+)<', axis)}
    assert sorted(heights, key=heights.__getitem__) == ["Weibo", "Xiaohongshu", "Mastodon", "X"]
    lines = sorted(heights.values())
    assert all(below - above > 20 for above, below in pairwise(lines))
    widths = [float(width) for width in re.findall(r' width="([\d.]+)"[^>]*class="rect', chart)][:4]
    assert widths == sorted(widths)


def test_the_delay_is_that_of_the_last_pages(app: Flask) -> None:
    browser = owner(app)
    assert "No feed page has passed" in browser.get("/numbers")
    parts_of(app).shield.delays.extend([0.002] * 90 + [0.020] * 10)
    assert "2.0 ms for half of the pages, 20.0 ms for all but the slowest 5 %" in browser.get("/numbers")
    assert "over the last 100 feed pages" in browser.get("/numbers")


def test_what_does_not_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, shield = owner(app), parts_of(app).shield
    assert "had the posts they should have" in browser.get("/numbers")
    drift = Drift("weibo_web", "/ajax/feed", "no list of items", "{}")
    monkeypatch.setattr(shield.drift, "_drifts", {("weibo_web", "/ajax/feed"): drift})
    shield.counts.update(pages=1234, faults=5)
    page = browser.get("/numbers")
    assert re.search(r"<strong>weibo_web</strong> <bdi>/ajax/feed</bdi>: no list of items", page)
    assert "/ajax/feed</bdi>: 没有内容列表" in owner(app, language="zh").get("/numbers")
    assert "<dt>1,234</dt><dd>feed pages looked at</dd>" in page
    assert "<dt>5</dt><dd>pages that passed unfiltered" in page


def test_the_models_figures(app: Flask) -> None:
    page = owner(app).get("/numbers")
    shield = parts_of(app).shield
    assert f"{shield.judge.scorer.version}, as it came with circleshield" in page
    assert f"removed from a score of {shield.judge.policy().remove_at:.2f}" in page
    kinds = [row[1] for row in _cells(page) if len(row) == 5 and row[3].endswith("%")]
    assert kinds == sorted(kinds, reverse=True)
    assert {"sales posts", "ordinary posts"} == set(kinds)


def test_the_figures_of_ones_own_model_are_those_of_the_gate(app: Flask, tmp_path: Path) -> None:
    shutil.copytree(artefact.PACKAGED, tmp_path / "mine")
    finding = {"part": "your own labels", "figure": "caught", "before": 0.2, "now": 0.8, "verdict": "better"}
    gate = {"gate": {"findings": [finding], "broken": []}}
    (tmp_path / "mine" / artefact.GATE).write_text(json.dumps(gate), encoding="utf-8")
    parts = parts_of(app)
    reloading = Reloading(parts.shield, Files(model=tmp_path / "mine"), (None, (0, 0, 0)))
    page = owner(review_app(replace(parts, reloading=reloading))).get("/numbers")
    assert "trained on your labels" in page
    assert "your own labels: sales posts caught" in page
    assert "<strong>80.0 %</strong>, before 20.0 %" in page


def test_for_the_owner(app: Flask) -> None:
    assert paired(app, "192.168.1.9").ask("/numbers").status_code == 403
    page = owner(app, language="zh-CN").get("/numbers")
    assert "最近 7 天" in page
    assert "这段时间没有内容" in page
