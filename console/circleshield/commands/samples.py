"""`circleshield samples`: the user's labelled posts, to learn from."""

import json
from collections import Counter
from collections.abc import Callable
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circleshield.author_choice import known_platform
from circleshield.completing import platforms
from circleshield.home import config_option, home_option, model_option
from circleshield.moments import Moment
from circleshield.standard_input import all_text, confirm
from circleshield.terminal import plain
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_training.user_samples import Record

    _Which = Callable[[Record], bool]

_Command = Callable[..., None]
_LABELS = ["social", "sales_spam", "spam"]


def _is_spam(context: click.Context, parameter: click.Parameter, value: str | None) -> bool | None:
    return None if value is None else value != "social"


def _label(**attributes: Any) -> Callable[[_Command], _Command]:
    return click.option("--label", "spam", type=click.Choice(_LABELS), callback=_is_spam, **attributes)


def _which(function: _Command) -> _Command:
    """Options that choose samples; the command gets them as one test of a record, None if none is given."""

    def command(
        *arguments: Any, spam: bool | None, source: str | None, batch: str | None, search: str | None, **others: Any
    ) -> None:
        def test(record: "Record") -> bool:
            return (
                spam in (None, record.sample.spam)
                and (source is None or record.sample.source in (source, f"user/{source}"))
                and batch in (None, record.batch)
                and (search is None or search.casefold() in record.sample.text.casefold())
            )

        asked = any(value is not None for value in (spam, source, batch, search))
        function(*arguments, which=test if asked else None, **others)

    wrapped: _Command = update_wrapper(command, function)
    for option in (
        click.option("--search", metavar="WORD", help="With this in their text."),
        click.option("--import", "batch", metavar="ID", help="Of one import or sitting; `stats` lists them."),
        click.option("--source", help="Of one source, such as user/ledger or just ledger."),
        _label(help="Of one label."),
    ):
        wrapped = option(wrapped)
    return wrapped


@click.group()
def command() -> None:
    """Add, import, list and remove your own labelled posts: samples.jsonl in the home folder.

    One label a text: disguises, figures and spaces make no difference, and a later label counts before an earlier one,
    which stays in the history.
    """


@command.command("add")
@home_option
@_label(required=True, help="What the post is.")
@click.option("--author", default="", help="Who wrote it, such as weibo:1234567890.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Default: told by its characters.")
@click.option("--weight", type=click.FloatRange(0, 1000, min_open=True), default=1.0, help="How much it counts.")
@click.option("--json", "as_json", is_flag=True, help="What was done, as JSON.")
@click.argument("text")
def add(home: Path, spam: bool, author: str, lang: str | None, weight: float, as_json: bool, text: str) -> None:
    """Add one post: TEXT, or with - all that comes on stdin."""
    from circleshield_training.importing import Import
    from circleshield_training.samples import Sample
    from circleshield_training.user_samples import USER, Record, keys, language_of

    text = (all_text() if text == "-" else text).strip()
    if not text:
        raise InputError("the post has no text")
    with Import(home) as importing:
        importing.add(Record(Sample(text, spam, lang or language_of(text), USER, author, weight=weight)), 1)
        merged = importing.commit()
    did = "added" if merged.new else "changed" if merged.changed else "known already"
    if as_json:
        click.echo(json.dumps({"id": _id(int(keys([text])[0])), "did": did, "conflicts": merged.conflicts}))
    else:
        before = f"; it was {_name(not spam)} before" if merged.conflicts else ""
        click.echo(f"{_id(int(keys([text])[0]))} {_name(spam)}: {did}{before}")


@command.command("import")
@home_option
@click.option("--from-ledger", is_flag=True, help="From the ledger instead of a file: posts of which the text is kept.")
@click.option("--since", type=Moment(), help="With --from-ledger: from then on, 30m, 2h, 7d ago, or a date.")
@click.option("--platform", shell_complete=platforms, help="With --from-ledger: of one platform, such as weibo.")
@click.option("--author", help="With --from-ledger: of one author, PLATFORM:ID, the id, or the name.")
@click.option(
    "--action",
    type=click.Choice(["remove", "fold", "label", "watch", "review"]),
    help="With --from-ledger: with that outcome.",
)
@_label(help="Label of all posts that have none of their own.")
@click.option("--by-verdict", is_flag=True, help="From the ledger or a capture: label as the filter judges.")
@click.option("--source", default="", help="Name of where they come from; default: the file's.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "text", "capture"]),
    help="Default: told by the file's name and beginning.",
)
@click.option("--text-column", metavar="NAME", help="Column or key of the text, where its name is unusual.")
@click.option("--label-column", metavar="NAME", help="Column or key of the label, where its name is unusual.")
@click.option("--encoding", help="Where what is told from the file's bytes is wrong.")
@config_option
@model_option
@click.option("--json", "as_json", is_flag=True, help="What was done, as JSON.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), required=False)
def import_(home: Path, file: Path | None, from_ledger: bool, as_json: bool, **options: Any) -> None:
    """Import labelled posts from FILE (- for stdin): JSON Lines, CSV, text with a post a line, a HAR file, a flow dump.

    Rows that cannot be used are listed with their line and skipped; the others go in together, or on any error none.
    A label by verdict never replaces one that is there.
    """
    from circleshield import sample_imports
    from circleshield_addon.adapter import platform_of
    from circleshield_addon.history import Filter
    from circleshield_addon.ledger import milliseconds

    spam, by_verdict = options["spam"], options["by_verdict"]
    if from_ledger == (file is not None):
        raise click.UsageError("Name a FILE (- for stdin), or --from-ledger.")
    _refuse_options_of_the_other(file is None, options)
    if by_verdict and spam is not None:
        raise click.UsageError("--label and --by-verdict are both given; one of them can hold.")
    if file is not None:
        about, done = _import_file(home, file, progress=not as_json, **options)
    else:
        from circleshield.sample_sources import ledger_rows

        _need_label(spam, by_verdict, "the ledger")
        since, platform = options["since"], options["platform"]
        which = Filter(
            since=None if since is None else milliseconds(since),
            platform=platform and known_platform(platform_of(platform)),
            author=options["author"],
            action=options["action"],
        )
        about = {}
        rows = ledger_rows(home, which, spam, by_verdict)
        done = sample_imports.import_rows(home, rows, options["source"] or "ledger", by_verdict)
        if not done.rows:
            raise InputError("no such post in the ledger of which the text is kept")
    if as_json:
        click.echo(json.dumps({**about, **done.as_json()}, ensure_ascii=False))
    else:
        sample_imports.say_faults(done)
        for what, is_so in about.items():
            click.echo(f"{what}: {is_so}", err=True)
    if done.merged is None:
        name = "the ledger" if file is None else "stdin" if str(file) == "-" else file
        raise InputError(f"{name}: none of {done.rows} rows can be used; nothing is imported")
    if not as_json:
        sample_imports.say(done, by_verdict)


def _refuse_options_of_the_other(from_ledger: bool, options: dict[str, Any]) -> None:
    if from_ledger and any(options[name] is not None for name in ("form", "text_column", "label_column", "encoding")):
        raise click.UsageError("--format, --text-column, --label-column and --encoding go with a FILE.")
    if not from_ledger and any(options[name] is not None for name in ("since", "platform", "author", "action")):
        raise click.UsageError("--since, --platform, --author and --action go with --from-ledger.")


def _need_label(spam: bool | None, by_verdict: bool, what: str) -> None:
    if spam is None and not by_verdict:
        raise InputError(f"posts of {what} have no label: give --label social, --label sales_spam or --by-verdict")


def _import_file(
    home: Path,
    file: Path,
    *,
    progress: bool,
    spam: bool | None,
    by_verdict: bool,
    source: str,
    form: Any,
    text_column: str | None,
    label_column: str | None,
    encoding: str | None,
    config: Path | None,
    model: Path,
    **_: Any,
) -> Any:
    from circleshield import sample_imports, sample_sources
    from circleshield.progress import read_bar
    from circleshield_addon.settings import load_settings
    from circleshield_training.labelled_files import LabelledFile, Reading

    name = "stdin" if str(file) == "-" else file.name
    fallback = source or Path(name).stem
    with sample_sources.opened(file) as stream, read_bar(stream, name, progress) as tick:
        if form == "capture" or (form is None and sample_sources.holds_capture(stream)):
            _need_label(spam, by_verdict, "a capture")
            settings = load_settings(config)
            rows = sample_sources.capture_rows(stream, name, settings, model, spam, by_verdict)
            done = sample_imports.import_rows(home, rows, fallback, by_verdict, tick)
            if not done.rows:
                raise InputError(f"{name}: holds no page of a feed that is filtered")
            return {"format": "capture"}, done
        if by_verdict:
            raise click.UsageError("--by-verdict is for the ledger and captures.")
        labelled = LabelledFile(stream, name, Reading(form, spam, "", text_column, label_column, encoding))
        if labelled.form == "text" and spam is None:
            raise InputError(f"{name}: plain text has no labels: give --label social or --label sales_spam")
        done = sample_imports.import_rows(home, labelled, fallback, by_verdict, tick)
        about = {"format": labelled.form, "encoding": labelled.lines.encoding()}
        if labelled.words:
            about["labels"] = labelled.meanings()
        return about, done


@command.command("list")
@home_option
@_which
@click.option("--history", is_flag=True, help="With the labels that later ones came before.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_(home: Path, which: "_Which | None", history: bool, limit: int, as_json: bool) -> None:
    """Show samples, the newest last: id, label, source, author, text."""
    from collections import deque

    from circleshield_training import user_samples

    read = user_samples.history if history else user_samples.in_force
    shown = deque((record for record in read(home) if which is None or which(record)), limit)
    if not shown:
        click.echo("no such sample; to make some: circleshield label", err=True)
    for key, record in user_samples.keyed(shown):
        sample = record.sample
        if as_json:
            click.echo(json.dumps({"id": _id(key), **json.loads(user_samples.line_of(record))}, ensure_ascii=False))
            continue
        label = click.style(f"{_name(sample.spam):<10}", "red" if sample.spam else "green")
        weight = "" if sample.weight == 1 else f"×{sample.weight:g}  "
        who = f"  {plain(sample.author, 40)}" if sample.author else ""
        where = click.style(f"{plain(sample.source, 30)}{who}", dim=True)
        click.echo(f"{_id(key)}  {label}  {weight}{plain(sample.text, 100)}  {where}")


@command.command("remove")
@home_option
@_which
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="How many, as JSON; does not ask.")
@click.argument("ids", metavar="[ID]...", nargs=-1)
def remove(home: Path, which: "_Which | None", yes: bool, as_json: bool, ids: tuple[str, ...]) -> None:
    """Remove samples for good: by ID, all that was ever said of the text; by options, all lines that they choose.

    An earlier label of a text, if it is not removed as well, counts again: so `--import ID` takes an import back.
    """
    from circleshield_training.user_samples import drop, history, keyed

    if not ids and which is None:
        raise click.UsageError("Name an ID as `samples list` shows it, or choose by options.")
    if short := [given for given in ids if len(given) < 4]:
        raise InputError(f"{short[0]}: is too short for an id; give at least four characters of it")

    def doomed(key: int, record: "Record") -> bool:
        return (not ids or _id(key).startswith(ids)) and (which is None or which(record))

    lines = 0
    texts: dict[str, set[int]] = {given: set() for given in ids}
    for key, record in keyed(history(home)):
        if doomed(key, record):
            lines += 1
            for given in ids:
                if _id(key).startswith(given):
                    texts[given].add(key)
    for given, found in texts.items():
        if not found:
            raise InputError(f"{given}: no sample has this id; `circleshield samples list` shows them")
        if len(found) > 1:
            raise InputError(f"{given}: may be any of {len(found)} samples; give more of the id")
    if not lines:
        raise InputError("no sample is like that; `circleshield samples stats` shows sources and imports")
    if not (yes or as_json or ids):
        confirm(f"Remove {lines} line{'s' * (lines != 1)}?")
    removed = drop(home, doomed)
    click.echo(json.dumps({"removed": removed}) if as_json else f"removed {removed}")


@command.command("export")
@home_option
@_which
@click.option("--history", is_flag=True, help="With the labels that later ones came before.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
def export(home: Path, which: "_Which | None", history: bool, form: str, file: Path) -> None:
    """Write samples, oldest first, to FILE (readable by you alone) or to stdout, so that `import` reads them again."""
    from circleshield.output import private_file, write_rows
    from circleshield_training import user_samples

    read = user_samples.history if history else user_samples.in_force
    rows = (json.loads(user_samples.line_of(r)) for r in read(home) if which is None or which(r))
    names = ["text", "label", "lang", "source", "author", "kind", "weight", "post", "time", "batch"]
    with private_file(file) as to:
        write_rows(rows, names, form, to)


@command.command("stats")
@home_option
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
def stats(home: Path, as_json: bool) -> None:
    """Count samples by label, source and language; texts with more than one label; imports."""
    from circleshield_training.user_samples import contested, history, in_force, unreadable

    labels: Counter[str] = Counter()
    sources: dict[str, Counter[str]] = {}
    languages: Counter[str] = Counter()
    for record in in_force(home):
        label = _name(record.sample.spam)
        labels[label] += 1
        sources.setdefault(record.sample.source, Counter())[label] += 1
        languages[record.sample.lang] += 1
    lines = 0
    imports: dict[str, dict[str, Any]] = {}
    for record in history(home):
        lines += 1
        if record.batch:
            about = imports.setdefault(record.batch, {"time": record.time, "source": record.sample.source, "lines": 0})
            about["lines"] += 1
    found = {
        "samples": labels.total(),
        "labels": labels,
        "languages": languages,
        "sources": sources,
        "superseded": lines - labels.total(),
        "conflicts": [_id(key) for key in contested(home).tolist()],
        "imports": imports,
        "unreadable": unreadable(home),
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        from circleshield.sample_tables import show

        show(found, home)


def _id(key: int) -> str:
    return f"{key:016x}"


def _name(spam: bool) -> str:
    return "sales_spam" if spam else "social"
