"""The house rules that a machine can hold: who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = {  # package -> what it may import of ours
    "model/circleshield_model": {"circleshield_model"},
    "addon/circleshield_addon": {"circleshield_addon", "circleshield_model"},
    "training/circleshield_training": {"circleshield_training", "circleshield_model"},
    "console/circleshield": {"circleshield", "circleshield_addon", "circleshield_training", "circleshield_model"},
}


def _imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("folder", LAYERS)
def test_nothing_imports_upward(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    assert files
    for file in files:
        ours = {name for name in _imports(file) if name.startswith("circleshield")}
        assert ours <= LAYERS[folder], file


def test_the_model_package_scores_without_scikit_learn() -> None:
    for file in (ROOT / "model").rglob("*.py"):
        assert not _imports(file) & {"sklearn", "scipy", "joblib", "pandas"}, file


def test_nothing_of_ours_opens_a_connection_to_anywhere() -> None:
    """But the demo, to its own site, and the doctor, to the proxy.

    What the proxy dials is the origin asked for, by mitmproxy's own method (`lean_connections.py` calls it).
    """
    clients = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "telnetlib"}
    found = set()
    for folder in LAYERS:
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            modules = {n.module for n in ast.walk(ast.parse(text)) if isinstance(n, ast.ImportFrom)}
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Import):
                    modules |= {alias.name for alias in node.names}
            if modules & clients or "open_connection(" in text or "create_connection(" in text:
                found.add(file.name)
    assert found == {"demo.py", "checkup_network.py", "lean_connections.py"}


def test_no_loose_modules_in_the_source_roots() -> None:
    for folder in LAYERS:
        assert not list((ROOT / folder).parent.glob("*.py"))


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    for folder in (*LAYERS, "tests", "benchmarks"):
        for file in (ROOT / folder).rglob("*.py"):
            assert len(file.read_text(encoding="utf-8").splitlines()) < 400, file


def test_no_module_says_nothing_of_itself() -> None:
    for folder in LAYERS:
        for file in (ROOT / folder).rglob("*.py"):
            assert file.stem not in ("util", "utils", "common", "helpers", "misc"), file
