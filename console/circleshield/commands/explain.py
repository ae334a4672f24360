"""`circleshield explain`: why a text scores as it does."""

from pathlib import Path

import click


@click.command()
@click.option("--model", type=click.Path(path_type=Path), help="Folder of the model (default: the packaged one).")
@click.argument("text")
def command(model: Path | None, text: str) -> None:
    """Say why TEXT scores as it does: pieces of it and signs, red for sales, green for social."""
    from rich.console import Console
    from rich.text import Text

    from circleshield.evidence_text import listed, marked
    from circleshield_model.scorer import Scorer

    scorer = Scorer.load(model)
    score = float(scorer.scores([text])[0])
    found = scorer.explain(text)
    label = "sales_spam" if score >= scorer.remove_at else "review" if score >= scorer.review_at else "social"
    console = Console(highlight=False)
    console.print(Text(f"{score:.4f} {label}", "bold"))
    console.print(marked(text, found))
    for line in listed(found, 20):
        console.print(line)
