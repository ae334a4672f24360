"""`circleshield explain`: why a text scores as it does."""

from pathlib import Path

import click

from circleshield.author_choice import parted
from circleshield.home import home_option, model_option, open_ledger
from circleshield.standard_input import all_text


@click.command()
@model_option
@click.option("--author", metavar="PLATFORM:ID", help="As a new post of this author, whose earlier posts count.")
@home_option
@click.argument("text")
def command(model: Path, author: str | None, home: Path, text: str) -> None:
    """Say why TEXT (- for stdin) scores as it does: pieces of it and signs, red for sales, green for social."""
    from rich.console import Console
    from rich.text import Text

    from circleshield.evidence_text import listed, marked, weighed
    from circleshield_addon.judge import shifted
    from circleshield_model.scorer import Scorer

    text = all_text().strip() if text == "-" else text
    scorer = Scorer.load(model)
    score = float(scorer.scores([text])[0])
    found = scorer.explain([text])[0]
    history = None if author is None else _history(home, author)
    if history is not None:
        score = shifted(score, history[1])
    label = "sales_spam" if score >= scorer.remove_at else "review" if score >= scorer.review_at else "social"
    console = Console(highlight=False)
    console.print(Text(f"{score:.4f} {label}", "bold"))
    console.print(marked(text, found))
    if history is not None:
        console.print(weighed(*history))
    for line in listed(found, 20):
        console.print(line)


def _history(home: Path, author: str) -> tuple[str, float]:
    """What is known of an author, and the log-odds it adds."""
    from circleshield_addon.friends import Friends

    friends = Friends()
    with open_ledger(home) as ledger:
        friends.load(ledger)
    known = friends.author(*parted(author))
    past = None if known is None else known.past()
    return ("no earlier posts", 0.0) if past is None else (str(past), past.shift(friends.usual))
