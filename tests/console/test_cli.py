"""The command itself, as a process."""

import asyncio
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from circleshield import commands
from circleshield.cli import COMMANDS, circleshield
from circleshield.control import control_socket
from circleshield_model.artefact import PACKAGED, read_manifest
from circleshield_model.versions import put_in_use


def _run(*arguments: str, home: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Runs the command; with `home`, as somebody whose home folder that is."""
    own = {} if home is None else {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home / "etc")}
    return subprocess.run(
        [sys.executable, "-m", "circleshield", *arguments],
        env={**{key: os.environ[key] for key in os.environ if key != "CIRCLESHIELD_CONFIG"}, **own},
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


def test_every_module_of_commands_is_a_command() -> None:
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__)}
    assert modules == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(circleshield, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Usage: ")


def test_a_command_misspelt_names_those_like_it() -> None:
    result = CliRunner().invoke(circleshield, ["stat"])
    assert result.exit_code == 2
    assert "'stats', 'status'" in result.output


def test_bad_input_is_one_line_and_exit_code_2() -> None:
    result = _run("filter", "--url", "nonsense")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("circleshield: --url must be a whole URL")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["explain", "\udcd5"], ["allow-author", "weibo:\udcd5"], ["classify", "\udcd5"]])
def test_arguments_in_another_encoding_are_bad_input(arguments: list[str]) -> None:
    result = _run(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("circleshield: '")
    assert "is not UTF-8 text" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_files_name_in_another_encoding_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "\udcd5.jsonl").write_text("{}\n")
    result = _run("evaluate", str(tmp_path))
    assert result.returncode == 2
    assert "\\udcd5.jsonl:1: no " in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_is_quick_because_it_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"import sys; sys.argv[1:] = {arguments!r}; from circleshield.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "sklearn", "mitmproxy", "pydantic", "rich"} & set(result.stderr.split())


def _steps(said: str) -> list[str]:
    """The commands of the three next things to do; all of them exist."""
    steps = re.findall(r"^  circleshield ([a-z -]+?)  ", said, re.M)
    assert len(steps) == 3
    assert {step.split()[0] for step in steps} <= COMMANDS.keys()
    return steps


def test_alone_it_greets_and_says_what_to_do_next(tmp_path: Path) -> None:
    fresh = _run(home=tmp_path)
    assert fresh.returncode == 0
    assert fresh.stderr == ""
    assert "proxy    not running\n  config   none" in fresh.stdout
    assert _steps(fresh.stdout) == ["demo", "run", "setup"]

    (tmp_path / "circleshield" / "ca").mkdir(parents=True)
    (tmp_path / "etc" / "circleshield").mkdir(parents=True)
    config = tmp_path / "etc" / "circleshield" / "config.toml"
    config.touch()
    stopped = _run(home=tmp_path)
    assert f"config   {config}\n" in stopped.stdout
    assert _steps(stopped.stdout) == ["run", "service install", "stats"]


@pytest.mark.parametrize(
    ("posts", "paused", "steps"),
    [
        (0, [], ["setup", "doctor", "review"]),
        (24, [], ["review", "stats", "label"]),
        (24, [["all", 0]], ["resume", "review", "stats"]),
    ],
)
def test_alone_it_knows_the_running_proxy(tmp_path: Path, posts: int, paused: list[object], steps: list[str]) -> None:
    home = tmp_path / "circleshield"
    home.mkdir()
    status = {"listening": {"regular": ["127.0.0.1:1"]}, "counts": {"posts": posts} if posts else {}, "paused": paused}

    async def greeted() -> str:
        async with control_socket(home, {"status": lambda: status}):
            return (await asyncio.to_thread(_run, home=tmp_path)).stdout

    said = asyncio.run(greeted())
    assert f"regular at 127.0.0.1:1; {posts} posts" in said
    assert ("paused" in said) == bool(paused)
    assert _steps(said) == steps


def test_version_names_the_model_in_use(tmp_path: Path) -> None:
    packaged = read_manifest(PACKAGED)["version"]
    assert _run("--version", home=tmp_path).stdout == f"circleshield 0.1.0, model {packaged} (packaged)\n"
    home = tmp_path / "circleshield"
    shutil.copytree(PACKAGED, home / "models" / "0123456789ab")
    put_in_use(home, "0123456789ab")
    assert f"model {packaged} (your own)" in _run("--version", home=tmp_path).stdout
    (home / "models" / "in_use.json").write_text("[")
    damaged = _run("--version", home=tmp_path)
    assert damaged.returncode == 0
    assert "in_use.json: is damaged" in damaged.stdout


_BASH = """
source <("$0" completion bash)
COMP_WORDS=({0}) COMP_CWORD={1}
_circleshield_completion "$0"
printf '%s\n' "${COMPREPLY[@]}"
"""
_TYPED = [
    ("circleshield lo", "log"),
    ("circleshield log --pl", "--platform"),
    ("circleshield log --platform mast", "mastodon"),
    ("circleshield log --action wa", "watch"),
    ("circleshield config set filter.act", "filter.action"),
    ("circleshield model rollback --home {home} 01", "0123456789ab"),
    ("circleshield model diff --home {home} 0123456789ab pa", "packaged"),
    ("circleshield model rollback --home {home}/file pa", ""),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(("typed", "completed"), _TYPED)
def test_bash_completes(typed: str, completed: str, tmp_path: Path) -> None:
    (tmp_path / "models" / "0123456789ab").mkdir(parents=True)
    (tmp_path / "file").touch()
    typed = typed.replace("{home}", str(tmp_path))
    script = _BASH.replace("{0}", typed).replace("{1}", str(len(typed.split()) - 1))
    program = Path(sys.executable).with_name("circleshield")
    done = subprocess.run(["bash", "--norc", "-c", script, program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == completed.split()
    assert not done.stderr


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish")
def test_fish_shows_the_whole_help() -> None:
    program = Path(sys.executable).with_name("circleshield")
    script = f"{program} completion fish | source; complete --do-complete 'circleshield confi'"
    path = f"{program.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"config\t{COMMANDS['config']}\n"


def test_no_part_of_a_line_is_cut_off_for_fish() -> None:
    script = CliRunner().invoke(circleshield, ["completion", "fish"]).output
    assert re.findall(r"string split .*", script) == ['string split --max 1 "," $completion);']


def test_completing_names_prints_nothing_else_and_imports_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import sys; from circleshield.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    for name, value in (
        ("_CIRCLESHIELD_COMPLETE", "zsh_complete"),
        ("COMP_WORDS", "circleshield --version s"),
        ("COMP_CWORD", "2"),
    ):
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    offered = [name for name in COMMANDS if name.startswith("s")]
    assert done.stdout == "".join(f"plain\n{name}\n{COMMANDS[name]}\n" for name in offered)
    assert not [name for name in done.stderr.split() if name.startswith("circleshield.commands")]


_IN_A_TEXT = "exec('signal.raise_signal(signal.SIGTERM)')"
_IN_A_CALLBACK = "one = set(); gone = weakref.ref(one, lambda _: signal.raise_signal(signal.SIGTERM)); del one"

_AT_A_QUESTION = (
    "import os, sys, threading; from circleshield.standard_input import confirm; sys.stdin = open(os.pipe()[0]);"
    " threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start(); confirm('Really?')"
)


@pytest.mark.parametrize("where", [_IN_A_TEXT, _IN_A_CALLBACK, _AT_A_QUESTION])
def test_sigterm_ends_a_command_wherever_it_comes(tmp_path: Path, where: str) -> None:
    code = f"""
import click, signal, time, weakref
from circleshield import cli

@click.command()
def waiting():
    {where}
    time.sleep(30)

cli.Commands.get_command = lambda *_: waiting
cli.main()
"""
    (tmp_path / "waiting.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "waiting", "wait"], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 130
    assert done.stderr == "\ncircleshield: interrupted\n"


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path)]
    CliRunner().invoke(circleshield, ["samples", "add", *home, "--label", "spam", "诚招代理"], catch_exceptions=False)
    command = f"'{sys.executable}' -m circleshield samples export --home '{tmp_path}' | true"
    buffered = {key: os.environ[key] for key in os.environ if key != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, shell=True, env=buffered, capture_output=True, text=True, check=True)
    assert done.stderr == ""
