"""`circleshield explain`."""

from click.testing import CliRunner

from circleshield.commands.explain import command

AD = "招代理啦！一件代发，月入过万，加微信 abc12345 领价格表"


def test_says_score_label_and_pieces() -> None:
    done = CliRunner().invoke(command, [AD])
    assert done.exit_code == 0
    first, marked, *pieces = done.output.splitlines()
    assert first.endswith("sales_spam")
    assert AD in marked.replace("\n", "")
    assert any("“" in line and "+" in line for line in pieces)


def test_nothing_to_explain() -> None:
    done = CliRunner().invoke(command, [""])
    assert done.exit_code == 0
    assert done.output.startswith("0.")
    assert "social" in done.output
