"""The command itself, as a process."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from circleshield.cli import COMMANDS, circleshield


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "circleshield", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_help_names_every_command() -> None:
    result = _run("--help")
    assert result.returncode == 0
    assert result.stderr == ""
    for name in COMMANDS:
        assert f"\n  {name} " in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(circleshield, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Usage: ")


def test_bad_input_is_one_line_and_exit_code_2() -> None:
    result = _run("filter", "--url", "nonsense")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("circleshield: --url must be a whole URL")
    assert result.stderr.count("\n") == 1


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv[1:] = ['--help']; from circleshield.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "sklearn", "mitmproxy", "pydantic", "rich"} & set(result.stderr.split())
