"""`circleshield explain`: why a text scores as it does."""

from pathlib import Path

import click

from circleshield.home import model_option


@click.command()
@model_option
@click.argument("text")
def command(model: Path, text: str) -> None:
    """Say why TEXT scores as it does: pieces of it and signs, red for sales, green for social."""
    from rich.console import Console
    from rich.text import Text

    from circleshield_model.scorer import Scorer

    scorer = Scorer.load(model)
    score = float(scorer.scores([text])[0])
    found = scorer.explain(text)
    label = "sales_spam" if score >= scorer.remove_at else "review" if score >= scorer.review_at else "social"
    marked = Text(text)
    for evidence in reversed(found):
        if evidence.start is not None:
            marked.stylize("red" if evidence.weight > 0 else "green", evidence.start, evidence.end)
    console = Console(highlight=False)
    console.print(Text(f"{score:.4f} {label}", "bold"))
    console.print(marked)
    for evidence in found[:20]:
        name = evidence.text if evidence.start is None else f"“{evidence.text}”"
        console.print(Text(f"{evidence.weight:+8.2f}  {name}", "red" if evidence.weight > 0 else "green"))
