"""Changed files: taken whole, or refused while what was before goes on."""

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from circleshield_addon.reloading import Files, Reloading
from circleshield_addon.settings import Settings, load_settings
from circleshield_addon.shield import Shield
from circleshield_model import versions
from circleshield_model.artefact import ARRAYS, PACKAGED
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

GOOD = "[filter]\naction = 'fold'\n"


class Running:
    """A Shield and what watches its files, without a proxy; `look` is what half a second brings."""

    def __init__(self, config: Path | None, model: Path | None = None, home: Path | None = None) -> None:
        files = Files(config, model, home)
        made_from = files.stamps()
        self.shield = Shield(files.scorer(), load_settings(config))
        self.reloading = Reloading(self.shield, files, made_from)

    def look(self) -> None:
        async def twice() -> None:
            await self.reloading.look()
            await self.reloading.look()

        asyncio.run(twice())

    @property
    def action(self) -> str:
        assert self.shield.judge.policy().action == self.shield.settings.filter.action
        return self.shield.settings.filter.action


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(GOOD)
    return file


def test_a_change_is_taken_once_it_rests(config: Path) -> None:
    running = Running(config)
    before = running.shield.judge
    running.look()
    assert running.shield.judge is before
    config.write_text("[filter]\naction = 'label'\n")
    asyncio.run(running.reloading.look())
    assert running.action == "fold"
    asyncio.run(running.reloading.look())
    assert running.action == "label"
    assert running.shield.judge.scorer is before.scorer


def test_a_change_between_reading_and_watching_is_taken(config: Path) -> None:
    running = Running(config)
    files = Files(config)
    early = Reloading(running.shield, files, made_from=((0, 0, 0), *files.stamps()[1:]))
    config.write_text("[filter]\naction = 'label'\n")
    asyncio.run(early.look())
    asyncio.run(early.look())
    assert running.action == "label"


def test_a_platform_switched_off_is_no_longer_decrypted(config: Path) -> None:
    running = Running(config)
    assert "x.com" in running.shield.settings.hosts
    config.write_text(GOOD + "[platforms.x]\nenabled = false\n")
    running.look()
    assert "x.com" not in running.shield.settings.hosts


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.write_text("[filter]\nremove_at = 2\n"), "filter.remove_at must be between 0 and 1, got 2"),
        (lambda file: file.write_text("[filter"), "is not TOML"),
        (lambda file: file.write_text("[filter]\nreview_at = 1.0\n"), "must not be above remove_at, which is the mod"),
        (lambda file: file.write_bytes(b"# \xff"), "is not UTF-8"),
        (lambda file: file.write_text(""), "is empty"),
        (lambda file: file.write_text(" \n"), "is empty"),
        (lambda file: file.unlink(), "there is no such config file"),
        (lambda file: (file.unlink(), file.mkdir()), "cannot be read: Is a directory"),
        (lambda file: (file.unlink(), file.symlink_to(file)), "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_once_and_the_old_one_goes_on(
    config: Path, spoil: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(config)
    judge = running.shield.judge
    assert callable(spoil)
    spoil(config)
    with caplog.at_level(logging.INFO, "circleshield"):
        for _ in range(4):
            running.look()
    assert running.shield.judge is judge
    assert running.reloading.refused is not None
    assert reason in running.reloading.refused
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert reason in caplog.records[0].getMessage()
    if config.is_dir():
        config.rmdir()
    config.unlink(missing_ok=True)
    config.write_text("[filter]\naction = 'watch'\n")
    running.look()
    assert running.reloading.refused is None
    assert running.action == "watch"


def test_the_default_file_need_not_exist_but_may_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    running = Running(None)
    running.look()
    assert running.shield.settings == Settings()
    file = tmp_path / "circleshield" / "config.toml"
    file.parent.mkdir()
    file.write_text(GOOD)
    running.look()
    assert running.action == "fold"
    file.unlink()
    running.look()
    assert running.action == "fold"
    assert running.reloading.refused is not None


def test_another_model_is_taken_and_a_corrupt_one_refused(config: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(PACKAGED, model)
    running = Running(config, model)
    judge = running.shield.judge
    manifest = model / "manifest.json"
    good = manifest.read_text(encoding="utf-8")
    manifest.write_text(good.replace(f'"remove_at": {judge.scorer.remove_at}', '"remove_at": 0.9901'), encoding="utf-8")
    running.look()
    assert running.shield.judge.policy().remove_at == 0.9901
    judge = running.shield.judge
    arrays = (model / ARRAYS).read_bytes()
    (model / ARRAYS).write_bytes(arrays[:-1])
    running.look()
    assert running.shield.judge is judge
    assert running.reloading.refused is not None
    assert ARRAYS in running.reloading.refused
    config.write_text("[filter]\naction = 'label'\n")
    running.look()
    assert running.action == "fold", "files are taken together or not at all"
    (model / ARRAYS).write_bytes(arrays)
    running.look()
    assert running.action == "label"
    assert running.reloading.refused is None
    shutil.rmtree(model)
    running.look()
    assert running.action == "label"
    assert "no model in" in str(running.reloading.refused)


def test_the_model_in_use_in_the_home_folder_is_followed(config: Path, tmp_path: Path) -> None:
    running = Running(config, home=tmp_path)
    packaged = running.shield.judge.scorer
    for name, remove_at in (("one", "0.9901"), ("two", "0.9902")):
        shutil.copytree(PACKAGED, versions.models(tmp_path) / name)
        manifest = versions.models(tmp_path) / name / "manifest.json"
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(text.replace(f'"remove_at": {packaged.remove_at}', f'"remove_at": {remove_at}'), "utf-8")
        versions.put_in_use(tmp_path, name)
        running.look()
        assert running.shield.judge.scorer.remove_at == float(remove_at)
    versions.take_back(tmp_path)
    running.look()
    assert running.shield.judge.scorer.remove_at == 0.9901
    versions.pointer(tmp_path).write_text("{")
    running.look()
    assert running.shield.judge.scorer.remove_at == 0.9901
    assert "is damaged" in str(running.reloading.refused)
    versions.put_in_use(tmp_path, versions.NAME)
    running.look()
    assert running.shield.judge.scorer.remove_at == packaged.remove_at
    assert running.reloading.refused is None


def test_the_packaged_model_is_used_where_the_users_cannot_be_read(
    config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (versions.models(tmp_path) / "gone").mkdir(parents=True)
    versions.put_in_use(tmp_path, "gone")
    assert Files(config, home=tmp_path).scorer().version == Scorer.load().version
    assert "the packaged model is used: no model in" in caplog.text
    with pytest.raises(InputError):
        Files(config, model=tmp_path).scorer()


def test_a_fault_of_our_own_ends_no_watch(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running = Running(config)

    def broken(text: str, path: Path) -> Settings:
        raise RuntimeError(text)

    monkeypatch.setattr("circleshield_addon.reloading.parse_settings", broken)
    config.write_text("[filter]\naction = 'label'\n")
    running.look()
    assert running.action == "fold"
    assert str(running.reloading.refused).startswith("RuntimeError at test_reloading.py:")
