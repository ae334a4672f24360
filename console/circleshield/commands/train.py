"""`circleshield train`: a model of one's own."""

from pathlib import Path

import click


@click.command()
@click.argument("paths", metavar="[FILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the model (default: the user's own).")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of whatever is drawn by chance.")
def command(paths: tuple[Path, ...], out: Path | None, seed: int) -> None:
    """Train a model from the project's own posts and, where given, labelled files: JSON Lines with text and label."""
    import platformdirs

    from circleshield_training import fit, write
    from circleshield_training.samples import read_all, read_seed

    def say(line: str) -> None:
        click.echo(line, err=True)

    samples = read_seed() + read_all(paths)
    pipeline, facts = fit.train(samples, seed, say)
    out = out or Path(platformdirs.user_data_dir("circleshield")) / "model"
    write.write(pipeline, facts, out)
    say(f"wrote {out}")
