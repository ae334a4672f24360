"""`circleshield train`: from labels to a model that is in use, or refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.console.recorded import record, verdict

from circleshield.commands.train import command
from circleshield_model import versions
from circleshield_model.artefact import read_manifest
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training import samples as samples_module
from circleshield_training.samples import read_all
from circleshield_training.user_samples import add

SELLERS = read_all([Path(__file__).parents[2] / "benchmarks" / "sellers.jsonl"])
ANGLER = [s.text for s in SELLERS if s.author == "老周渔具"]


@pytest.fixture(autouse=True)
def small_seed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the seed corpus, so that training takes a second or two."""
    folder = tmp_path_factory.mktemp("seed")
    rows = [
        line for file in sorted(samples_module.SEED.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    (folder / "few.jsonl").write_text("\n".join(rows[::10]), "utf-8")
    monkeypatch.setattr(samples_module, "SEED", folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with ten labels of one seller."""
    for i, text in enumerate(ANGLER[:10]):
        add(tmp_path, f"weibo:{i}", text, "sales_spam", "weibo:7")
    return tmp_path


def train(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["--home", str(home), *arguments])


def as_json(result: Result) -> dict[str, object]:
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def file(folder: Path, *rows: tuple[str, str]) -> str:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in rows), "utf-8")
    return str(path)


def test_labels_are_learnt_proved_and_put_in_use(home: Path) -> None:
    record(home, verdict("1", "review", text=ANGLER[20]), verdict("2", "review", text="好看的晚霞"))
    done = train(home, "--json")
    assert done.exit_code == 0, done.output
    found = as_json(done)
    assert (found["outcome"], found["before"], found["forced"]) == ("promoted", "packaged", False)
    assert versions.in_use(home) == found["version"]
    assert versions.models(home).stat().st_mode & 0o777 == 0o700
    before, now = Scorer.load(), Scorer.load(versions.folder_in_use(home))
    assert now.version == found["version"]
    assert (now.scores(ANGLER[10:]) > before.scores(ANGLER[10:])).mean() > 0.9
    changes = found["changes"]
    assert isinstance(changes, list)
    assert [(c["text"], c["removed"]) for c in changes] == [(ANGLER[20], True)]
    assert as_json(train(home, "--json"))["outcome"] == "unchanged"


def test_in_words(home: Path) -> None:
    record(home, verdict("1", "review", text=ANGLER[20]))
    done = train(home)
    assert done.exit_code == 0, done.output
    assert "your own labels: sales posts caught at 0.5% false positives: " in done.stdout
    assert "of recent posts 1 would now be removed, 0 restored" in done.stdout
    assert ANGLER[20] in done.stdout
    assert done.stdout.splitlines()[-1].endswith("circleshield model rollback")
    page = (versions.folder_in_use(home) / "report.html").read_text("utf-8")
    assert "1 would now be removed,\n0 restored" in page
    assert ANGLER[20][:60] in page
    assert "your own labels: sales posts caught" in page
    assert "all labels are of sales posts" in done.stderr


@pytest.mark.timeout(400)  # trains several models, and CI may share its cores
def test_harm_is_refused_unless_forced(home: Path) -> None:
    """A hundred and fifty friends' posts called sales posts."""
    seed = read_all([samples_module.SEED])
    rows = [(s.text, "sales_spam") for s in seed if not s.spam][:150]
    harm = file(home, *rows)
    refused = train(home, harm, "--json")
    assert refused.exit_code == 3, refused.output
    found = as_json(refused)
    assert found["outcome"] == "refused"
    assert versions.in_use(home) == versions.NAME
    assert str(found["version"]) in versions.versions(home)
    assert "refused: the model in use, packaged, stays" in train(home, harm).stdout
    forced = as_json(train(home, harm, "--json", "--force"))
    assert (forced["outcome"], forced["forced"]) == ("promoted", True)
    assert versions.in_use(home) == forced["version"]


def test_a_proposed_model_waits_and_says_how_far_it_is(home: Path) -> None:
    done = train(home, "--propose", "--json", "--json-progress")
    assert done.exit_code == 0, done.output
    found = as_json(done)
    assert found["outcome"] == "proposed"
    assert versions.in_use(home) == versions.NAME
    assert versions.versions(home) == [found["version"]]
    steps = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    learning = [step["done"] for step in steps if step["what"] != "comparing with the model in use"]
    assert learning[0] == 0
    assert 1 in learning
    assert "puts nothing in use" in train(home, "--propose", "--force").output


def test_an_unlearnt_label_leaves_nothing(home: Path) -> None:
    from circleshield_training.user_samples import remove

    first = as_json(train(home, "--json"))["version"]
    add(home, "weibo:99", "蜂蛹酒已窖藏", "sales_spam", "weibo:8")
    assert as_json(train(home, "--json"))["version"] != first
    remove(home, "weibo:99", "sales_spam")
    assert as_json(train(home, "--json"))["version"] == first


def test_out_writes_a_bare_model_without_the_users_labels(home: Path) -> None:
    out = home / "elsewhere"
    mine = file(home, ("鲸落家的蓝色小药丸", "sales_spam"))
    done = train(home, mine, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert Scorer.load(out).scores(["x"]).shape == (1,)
    assert read_manifest(out)["rows"] == {"social": 0, "sales_spam": 1, "of the user's": 0}
    assert versions.in_use(home) == versions.NAME


def test_from_scratch(tmp_path: Path) -> None:
    done = train(tmp_path, "--from-scratch", "--jobs", "2", "--out", str(tmp_path / "model"))
    assert done.exit_code == 0, done.output
    assert "base" not in read_manifest(tmp_path / "model")
    assert "posts" in done.stderr
    assert "Learning curve" in (tmp_path / "model" / "report.html").read_text("utf-8")
    assert (tmp_path / "model" / "report.html").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("circleshield-*"))


def test_a_report_needs_matplotlib_and_training_does_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circleshield_training.report.possible", lambda: False)
    done = train(home, "--out", str(home / "model"), file(home, (ANGLER[0], "sales_spam")))
    assert done.exit_code == 0, done.output
    assert "no report was written: it needs matplotlib" in done.stderr
    assert not (home / "model" / "report.html").exists()


@pytest.mark.parametrize("options", [("--jobs", "2"), ("--scheduler", "tcp://127.0.0.1:1"), ("--scratch", "/tmp")])
def test_workers_are_for_training_from_scratch(home: Path, options: tuple[str, str]) -> None:
    done = train(home, *options)
    assert done.exit_code == 2
    assert "go with --from-scratch" in done.stderr


def test_a_model_in_use_that_is_damaged_is_replaced(home: Path) -> None:
    version = str(as_json(train(home, "--json"))["version"])
    (versions.models(home) / version / "scorer.npz").write_bytes(b"x")
    add(home, "weibo:99", ANGLER[11], "sales_spam", "weibo:7")
    done = train(home, "--json")
    assert done.exit_code == 0, done.output
    assert "cannot be read" in done.stderr
    assert Scorer.load(versions.folder_in_use(home)).version == as_json(done)["version"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("", "nothing to learn: there are no labelled posts"),
        ('{"text": "x", "label": "maybe"}\n', "mine.jsonl:1: label 'maybe'"),
        ('{"txt": "x"}\n', 'mine.jsonl:1: no "text"'),
    ],
)
def test_bad_input_changes_nothing(tmp_path: Path, rows: str, says: str) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text(rows, "utf-8")
    done = train(tmp_path, str(mine))
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception)
    assert not versions.models(tmp_path).exists()


def test_duplicates_are_learnt_once(tmp_path: Path) -> None:
    mine = file(tmp_path, *[(ANGLER[0] + "!" * i, "sales_spam") for i in range(40)])
    done = train(tmp_path, mine)
    assert done.exit_code == 0, done.output
    assert "40 posts are 1 different ones; each is learnt once" in done.stderr
    assert "1 labelled posts are few" in done.stderr
