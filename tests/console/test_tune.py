"""`circleshield tune`, from outside."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from tests.console.recorded import record, refused, run, said, verdict

from circleshield_addon.ledger import FILE
from circleshield_model.artefact import HELD_OUT, PACKAGED
from circleshield_model.scorer import Scorer
from circleshield_training.samples import Sample
from circleshield_training.user_samples import Record, add, append, keys

ADS = tuple(f"{name}到货啦，今晚下单买三送一，加微信找我拿货" for name in ("面膜", "口红", "洗衣液", "羊毛衫"))
FRIENDS = tuple(f"今天{what}，好开心" for what in ("爬山", "钓鱼", "包饺子", "看电影"))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    file.write_text("# mine\n[filter]\nremove_at = 0.9 # strict\nreview_at = 0.6\n", "utf-8")
    monkeypatch.setenv("CIRCLESHIELD_CONFIG", str(file))
    monkeypatch.setenv("COLUMNS", "80")
    return file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Labels, and a ledger of two weeks."""
    home = tmp_path / "home"
    for text in ADS:
        add(home, "", text, "sales_spam", "")
    for text in FRIENDS:
        add(home, "", text, "social", "")
    record(home, verdict("1"), verdict("2", "keep"), hours_ago=14 * 24)
    record(home, verdict("3"), verdict("4", "review"), hours_ago=1)
    return home


def tuned(home: Path, *arguments: str) -> Any:
    return json.loads(said(home, "tune", "--json", *arguments))


def test_the_table(home: Path, config: Path) -> None:
    shown = said(home, "tune")
    assert "8 labelled posts, 4 of them sales spam; 4 posts judged by their score in 14.0 days" in shown
    assert "fewer than 20 labels of a kind" in shown
    assert "flatter" not in shown
    for word in ("removed", "wrongly", "unsure", "missed", "cost", "now", "model's own", "labels"):
        assert word in shown
    table = shown[shown.index("remove_at") : shown.rindex("remove_at =")]
    assert "…" not in table
    assert max(map(len, table.splitlines())) <= 80
    (home / FILE).unlink()
    assert "█" in said(home, "tune")  # where there is room
    assert "\x1b[" not in shown
    free = ("--cost-lost", "0", "--cost-missed", "0", "--cost-review", "0")
    assert said(home, "tune", *free).endswith("remove_at = 0.9 is as cheap as any\n")


def test_figures_of_a_week_and_of_the_labels(home: Path, config: Path) -> None:
    found = tuned(home)
    (now,) = [choice for choice in found["choices"] if choice["cut"] == found["now"]]
    assert (found["cutoff"], found["now"]) == ("remove_at", 0.9)
    assert now["weekly"]["removed"] == pytest.approx(1, rel=0.01)  # two in two weeks
    assert now["weekly"]["unsure"] == pytest.approx(0.5, rel=0.01)
    assert (now["labelled"]["removed"], now["labelled"]["wrongly"]) == (4, 0)
    costly = tuned(home, "--cost-lost", "1000", "--cutoff", "remove")
    assert costly["choices"][0]["labelled"]["cost"] >= found["choices"][0]["labelled"]["cost"]


def test_the_ledger_from_a_time_on(home: Path, config: Path) -> None:
    found = tuned(home, "--since", "2d")
    assert "2 posts judged by their score" in found["notes"][0]
    assert any("scaled up" in note for note in found["notes"])


def test_cut_offs_of_platforms_are_told(home: Path, config: Path) -> None:
    told = "some platforms or profiles have a remove_at of their own; their posts count here as all others do"
    assert told not in tuned(home)["notes"]
    with config.open("a", encoding="utf-8") as file:
        file.write("[platforms.weibo_app]\nremove_at = 0.8\n")
    assert told in tuned(home)["notes"]
    assert told not in tuned(home, "--cutoff", "review")["notes"]


def test_verdicts_of_rules_do_not_count(tmp_path: Path, config: Path) -> None:
    record(tmp_path, verdict("1"), replace(verdict("2"), decided=("author blocked",)))
    assert "1 posts judged by their score" in tuned(tmp_path)["notes"][0]


def test_labels_by_verdict_are_left_out_and_sources_chosen(home: Path, config: Path) -> None:
    append(home, Record(Sample("招代理", True, "zh", "user/verdicts")))
    append(home, Record(Sample("招学徒", True, "zh", "user/wall")))
    assert tuned(home)["notes"][0].startswith("9 labelled posts")
    assert tuned(home, "--source", "wall")["notes"][0].startswith("1 labelled posts")


def test_set_writes_the_config_and_keeps_the_rest(home: Path, config: Path) -> None:
    result = run(home, "tune", "--set", "0.97")
    assert result.exit_code == 0
    assert "filter.remove_at = 0.97" in result.stderr
    assert "0.97" in result.stdout
    assert config.read_text("utf-8") == "# mine\n[filter]\nremove_at = 0.97 # strict\nreview_at = 0.6\n"
    assert run(home, "tune", "--cutoff", "review", "--set", "0.7").exit_code == 0
    assert "review_at = 0.7\n" in config.read_text("utf-8")


def test_write_takes_the_cheapest(home: Path, config: Path) -> None:
    arguments = ("--cutoff", "review", "--cost-review", "100")
    cheapest = tuned(home, *arguments)["cheapest"]
    assert cheapest > 0.7  # no longer asked about the post of 0.7
    assert run(home, "tune", *arguments, "--write").exit_code == 0
    assert f"review_at = {cheapest:g}\n" in config.read_text("utf-8")


def test_what_contradicts_the_config_is_refused(home: Path, config: Path) -> None:
    before = config.read_bytes()
    assert "filter.review_at must not be above filter.remove_at" in refused(home, "tune", "--set", "0.3")
    assert "one of them can hold" in refused(home, "tune", "--set", "0.3", "--write")
    assert "1.5" in refused(home, "tune", "--set", "1.5")
    assert config.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "begins"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG"), ("a.html", b"<!doctype html>")]
)
def test_the_plot(home: Path, config: Path, tmp_path: Path, name: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib")
    said(home, "tune", "--plot", str(tmp_path / name))
    data = (tmp_path / name).read_bytes()
    assert data.startswith(begins)
    if name.endswith("html"):
        assert b"<svg" in data
        assert b"8 labelled posts" in data


def test_plots_that_cannot_be_drawn(home: Path, config: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert "a plot is written as .html, .svg, .png" in refused(home, "tune", "--plot", str(tmp_path / "a.pdf"))
    assert "cannot be written" in refused(home, "tune", "--plot", str(tmp_path / "none" / "a.svg"))


def test_nothing_to_go_by(tmp_path: Path, config: Path) -> None:
    assert "neither samples nor a ledger" in refused(tmp_path, "tune")


def _copy_of_the_packaged_model(folder: Path) -> Path:
    folder.mkdir()
    for file in PACKAGED.iterdir():
        if file.name != HELD_OUT:
            (folder / file.name).symlink_to(file)
    return folder


def test_a_model_that_may_have_learnt_the_labels(home: Path, config: Path, tmp_path: Path) -> None:
    model = _copy_of_the_packaged_model(tmp_path / "model")
    notes = tuned(home, "--model", str(model))["notes"]
    assert "8 of the labelled posts may have been in this model's training: it looks better on them than it is" in notes

    scores = np.array([0.01, *Scorer.load().scores([*ADS[1:], *FRIENDS])])
    np.savez(model / "held_out.npz", keys=keys([*ADS, *FRIENDS]), scores=scores)
    found = tuned(home, "--model", str(model))
    assert not any("training" in note for note in found["notes"])
    (now,) = [choice for choice in found["choices"] if choice["cut"] == 0.9]
    assert (now["labelled"]["removed"], now["labelled"]["missed"]) == (3, 1)  # the first as it was held out

    (model / "held_out.npz").write_bytes(b"no")
    assert "held_out.npz cannot be read" in refused(home, "tune", "--model", str(model))
