"""Which model is in use, and taking back."""

from pathlib import Path

import pytest

from circleshield_model import versions
from circleshield_model.artefact import PACKAGED
from circleshield_model.errors import InputError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (versions.models(tmp_path) / name).mkdir(parents=True)
    return tmp_path


def test_the_packaged_model_is_in_use_until_another_is(tmp_path: Path, home: Path) -> None:
    assert versions.folder_in_use(tmp_path / "nowhere") == PACKAGED
    assert versions.in_use(home) == versions.NAME
    versions.put_in_use(home, "one")
    assert versions.folder_in_use(home) == versions.models(home) / "one"


def test_taking_back_step_by_step(home: Path) -> None:
    versions.put_in_use(home, "one")
    versions.put_in_use(home, "two")
    assert versions.take_back(home) == "one"
    assert versions.take_back(home) == versions.NAME
    with pytest.raises(InputError, match="there was none before"):
        versions.take_back(home)


def test_a_deleted_version_is_passed_over(home: Path) -> None:
    for name in ("one", "two"):
        versions.put_in_use(home, name)
    (versions.models(home) / "one").rmdir()
    assert versions.take_back(home) == versions.NAME


def test_an_unknown_version(home: Path) -> None:
    with pytest.raises(InputError, match=r"there is no model 'three'.*packaged"):
        versions.put_in_use(home, "three")
    with pytest.raises(InputError, match="there is no model"):
        versions.put_in_use(home, "../one")
    assert versions.in_use(home) == versions.NAME


def test_a_damaged_file_says_how_to_mend_it(home: Path) -> None:
    versions.pointer(home).write_text("{", "utf-8")
    with pytest.raises(InputError, match="model rollback packaged"):
        versions.in_use(home)
    versions.put_in_use(home, versions.NAME)
    assert versions.in_use(home) == versions.NAME


def test_old_versions_go_but_never_those_needed_to_go_back(home: Path) -> None:
    versions.put_in_use(home, "one")
    versions.put_in_use(home, "two")
    for i in range(5):
        (versions.models(home) / f"later{i}").mkdir()
    versions.prune(home, keep=2)
    assert set(versions.versions(home)) == {"one", "two", "later3", "later4"}
