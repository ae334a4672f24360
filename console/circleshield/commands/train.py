"""`circleshield train`: a model of one's own."""

from contextlib import ExitStack
from pathlib import Path

import click


@click.command()
@click.argument("paths", metavar="[FILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the model (default: the user's own).")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of whatever is drawn by chance.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes that share the work.")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Dask cluster that does the work; see docs/training.md.")
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where to put a folder of temporary files, 2 KB a post (default: the system's).",
)
def command(
    paths: tuple[Path, ...], out: Path | None, seed: int, jobs: int, scheduler: str | None, scratch: Path | None
) -> None:
    """Train a model from the project's own posts and, where given, labelled files: JSON Lines with text and label."""
    from itertools import chain

    import platformdirs

    from circleshield_training import fit, posts, report, workers, write
    from circleshield_training.samples import read_seed, stream

    def say(line: str) -> None:
        click.echo(line, err=True)

    with ExitStack() as stack:
        folder = stack.enter_context(posts.scratch(scratch))
        stack.enter_context(workers.cluster(scheduler, folder) if scheduler else workers.processes(jobs))
        trained = fit.train(chain(read_seed(), stream(paths)), seed, folder, say, curve=report.possible())
        out = out or Path(platformdirs.user_data_dir("circleshield")) / "model"
        write.write(trained.pipeline, trained.facts, out)
    say(f"wrote {out}")
