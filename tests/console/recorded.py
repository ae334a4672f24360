"""A ledger with a few verdicts in it, and the command line on its home folder."""

import time
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner, Result

from circleshield.cli import circleshield
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Action, Post, Verdict

HOUR = 3_600_000


def verdict(post_id: str, action: Action = "remove", author: str = "7", text: str = "诚招代理") -> Verdict:
    score = {"keep": 0.1, "review": 0.7}.get(action, 0.99)
    post = Post(post_id, author, f"名{author}", text, ad=False)
    return Verdict(post, score, action, (f"score {score:.2f} ≥ 0.95",), lambda: ("“代理” +3.5",))


def record(
    home: Path, *verdicts: Verdict, platform: str = "weibo", hours_ago: float = 0, store_text: bool = True
) -> None:
    when = time.time_ns() // 1_000_000 - int(hours_ago * HOUR)
    with closing(Ledger(home / FILE)) as ledger:
        ledger.write(ledger.rows([Seen(when, platform, "192.168.1.9", verdicts)], store_text))


def run(home: Path, *arguments: str, stdin: str = "") -> Result:
    """Its exit code is 1 for InputError too, which `main` would turn into 2."""
    return CliRunner().invoke(circleshield, [arguments[0], "--home", str(home), *arguments[1:]], input=stdin)


def said(home: Path, *arguments: str) -> str:
    result = run(home, *arguments)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.stdout


def refused(home: Path, *arguments: str) -> str:
    result = run(home, *arguments)
    assert result.exit_code, result.output
    return str(result.exception) if not isinstance(result.exception, SystemExit) else result.output
