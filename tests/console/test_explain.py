"""`circleshield explain`."""

from pathlib import Path

from click.testing import CliRunner
from msgspec.structs import replace
from tests.console.recorded import record, said, verdict

from circleshield.commands.explain import command

AD = "招代理啦！一件代发，月入过万，加微信 abc12345 领价格表"


def test_says_score_label_and_pieces() -> None:
    done = CliRunner().invoke(command, [AD])
    assert done.exit_code == 0
    first, marked, *pieces = done.output.splitlines()
    assert first.endswith("sales_spam")
    assert AD in marked.replace("\n", "")
    assert any("“" in line and "+" in line for line in pieces)


def test_text_from_stdin() -> None:
    assert CliRunner().invoke(command, ["-"], input=f"{AD}\n").output == CliRunner().invoke(command, [AD]).output


def test_nothing_to_explain() -> None:
    done = CliRunner().invoke(command, [""])
    assert done.exit_code == 0
    assert done.output.startswith("0.")
    assert "social" in done.output


def test_as_a_post_of_an_author(tmp_path: Path) -> None:
    record(tmp_path, *(replace(verdict(str(n)), sales=True) for n in range(3)))
    text = "今天又有三位姐妹加入我们，欢迎回家，一起越来越好"
    alone = float(said(tmp_path, "explain", text).split()[0])
    of_seller = said(tmp_path, "explain", "--author", "weibo:7", text)
    assert "+1.50  3 of 3 earlier posts were sales" in of_seller
    assert float(of_seller.split()[0]) > alone
    of_nobody = said(tmp_path, "explain", "--author", "weibo:8", text)
    assert "no earlier posts" in of_nobody
    assert float(of_nobody.split()[0]) == alone
