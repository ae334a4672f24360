"""`circleshield model`: the versions of one's own model."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from circleshield.completing import model_versions
from circleshield.home import home_option
from circleshield_model import artefact, versions
from circleshield_model.errors import InputError

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """List, compare and take back the models that `circleshield train` made."""


@command.command("list")
@home_option
@_json_option
def list_(home: Path, as_json: bool) -> None:
    """Show the versions, oldest first; the one in use has a star."""
    rows = []
    for version in (versions.NAME, *versions.versions(home)):
        try:
            rows.append(described(home, version))
        except InputError as e:
            click.echo(f"{version}: {e}", err=True)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        star = "*" if row["in_use"] else " "
        told = "came with circleshield" if row["outcome"] is None else f"{_rows(row)}, {row['outcome']}"
        when = f"{'':16}" if row["trained"] is None else _local(row["trained"])
        click.echo(f"{star} {row['version']:<12}  {when}  {told}")


@command.command()
@click.argument("version", required=False, shell_complete=model_versions)
@home_option
@_json_option
def info(version: str | None, home: Path, as_json: bool) -> None:
    """Show what VERSION (default: the one in use) was made from, its cut-offs, and what the gate found."""
    row = described(home, version or versions.in_use(home))
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False, indent=1))
        return
    click.echo(f"version    {row['version']}{' (in use)' if row['in_use'] else ''}")
    click.echo(f"folder     {row['folder']}")
    if row["trained"] is not None:
        click.echo(f"trained    {_local(row['trained'])}")
    click.echo(f"from       {_rows(row)}{f', correcting {row["base"]}' if row['base'] else ''}")
    click.echo(f"cut-offs   removed from {row['remove_at']}, put up for review from {row['review_at']}")
    if row["outcome"] is not None:
        click.echo(f"gate       {row['outcome']}, compared with {row['before']}")
        for finding in row["gate"]["findings"]:
            figures = f"{finding['now']:.1%}, before {finding['before']:.1%}"
            click.echo(f"           {finding['part']}, {finding['figure']}: {figures} ({finding['verdict']})")
    for promotion in versions.promotions(home):
        if promotion.version == row["version"]:
            click.echo(f"in use     from {_local(promotion.time)}")


@command.command()
@click.argument("before", shell_complete=model_versions)
@click.argument("now", required=False, shell_complete=model_versions)
@home_option
@_json_option
def diff(before: str, now: str | None, home: Path, as_json: bool) -> None:
    """Compare version BEFORE with NOW (default: the one in use) on your labels and on the ledger."""
    from circleshield.comparison import compared
    from circleshield_training.gate import Contender
    from circleshield_training.user_samples import current

    folders = [versions.folder_of(home, version) for version in (before, now or versions.in_use(home))]
    found = compared(home, Contender.load(folders[0]), Contender.load(folders[1]), current(home))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(found.lines()))


@command.command()
@click.argument("version", required=False, shell_complete=model_versions)
@home_option
@_json_option
def rollback(version: str | None, home: Path, as_json: bool) -> None:
    """Put the model in use that was before, or VERSION; `packaged` is the one that came with circleshield.

    A running proxy takes it at once.
    """
    from circleshield_model.scorer import Scorer

    if version is None:
        version = versions.take_back(home)
    else:
        Scorer.load(versions.folder_of(home, version))  # what cannot be loaded is not put in use
        versions.put_in_use(home, version)
    click.echo(json.dumps({"in_use": version}) if as_json else f"model {version} is in use now")


def described(home: Path, version: str) -> dict[str, Any]:
    """A version as plain data; `outcome` and `gate` are None for the packaged model."""
    folder = versions.folder_of(home, version)
    manifest = artefact.read_manifest(folder)
    result = json.loads(file.read_bytes()) if (file := folder / artefact.GATE).exists() else {}
    written = datetime.fromtimestamp((folder / artefact.MANIFEST).stat().st_mtime).astimezone()
    return {
        "version": version,
        "in_use": version == versions.in_use(home),
        "folder": str(folder),
        # The packaged one's file is as old as the installation.
        "trained": None if version == versions.NAME else written.isoformat(timespec="seconds"),
        **{name: manifest.get(name) for name in ("remove_at", "review_at", "rows", "base", "fingerprint")},
        **{name: result.get(name) for name in ("outcome", "forced", "before", "gate")},
    }


def _rows(row: dict[str, Any]) -> str:
    rows = row["rows"] or {}
    return f"{rows.get('sales_spam', 0):,} sales and {rows.get('social', 0):,} ordinary posts"


def _local(time: str) -> str:
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M")
