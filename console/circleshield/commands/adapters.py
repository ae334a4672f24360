"""`circleshield adapters`: which platforms are filtered, and how to add one."""

import json
import keyword
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from circleshield.home import config_option
from circleshield.terminal import plain
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield.proposals import Proposal
    from circleshield_addon.adapter import Adapter

_WECHAT = (
    "WeChat's own Moments (朋友圈) cannot be filtered: the app encrypts them itself. What can be: the feeds above, in "
    "a browser or in an app that accepts the proxy's certificate."
)
_OTHERS = 'Feeds of other sites, told by their shape: [generic] hosts = ["example.social"] in the config file.'

_json = click.option("--json", "as_json", is_flag=True, help="The list as JSON.")


@click.group(invoke_without_command=True)
@config_option
@_json
@click.pass_context
def command(context: click.Context, config: Path | None, as_json: bool) -> None:
    """List the platforms that are filtered; start an adapter for another one, or learn it from a capture."""
    if context.invoked_subcommand is None:
        context.invoke(list_adapters, config=config, as_json=as_json)


@command.command("list")
@config_option
@_json
@click.option("--markdown", is_flag=True, help="The table of docs/adapters.md.")
def list_adapters(config: Path | None = None, as_json: bool = False, markdown: bool = False) -> None:
    """List all adapters: hosts, what they can do, how sure they are, and whether they are on."""
    from circleshield_addon.adapters import ADAPTERS
    from circleshield_addon.settings import Platform, load_settings

    if markdown:
        click.echo(coverage())
        return
    settings = load_settings(config)
    if as_json:
        listed = [
            {
                "name": adapter.name,
                "title": adapter.title,
                "hosts": [*adapter.hosts, *settings.platforms.get(adapter.name, Platform()).hosts],
                "any_server": adapter.federated,
                "does": _does(adapter),
                "confidence": adapter.confidence,
                "as_of": adapter.as_of,
                "on": settings.enabled(adapter.name),
            }
            for adapter in ADAPTERS
        ]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "title", "hosts", "does", "confidence", "as of", "on", box=None)
    for adapter in ADAPTERS:
        hosts = (*adapter.hosts, *settings.platforms.get(adapter.name, Platform()).hosts)
        table.add_row(
            adapter.name,
            adapter.title,
            ", ".join(hosts[:2]) + (f" and {len(hosts) - 2} more" if len(hosts) > 2 else ""),
            ", ".join(_does(adapter)),
            adapter.confidence,
            adapter.as_of,
            "yes" if settings.enabled(adapter.name) else "no",
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200  # nothing is folded for whoever reads it line by line
    console.print(table)
    if settings.generic.hosts:
        click.echo(f"\nRead by their shape: {', '.join(settings.generic.hosts)}")
    click.echo(f"\n{_OTHERS}\n{_WECHAT}")


def coverage() -> str:
    """The adapters as a table in Markdown."""
    from circleshield_addon.adapters import ADAPTERS

    lines = ["| platform | adapter | hosts | can | confidence | as of |", "|---|---|---|---|---|---|"]
    for adapter in ADAPTERS:
        hosts = ", ".join(f"`{host}`" for host in adapter.hosts) + (" and any you name" if adapter.federated else "")
        can = ", ".join(_does(adapter))
        lines.append(
            f"| {adapter.title} | `{adapter.name}` | {hosts} | {can} | {adapter.confidence} | {adapter.as_of} |"
        )
    return "\n".join(lines)


def _does(adapter: "Adapter") -> list[str]:
    written = [endpoint.fields or adapter.fields for endpoint in adapter.endpoints]
    writes = any(fields.main or fields.pieces for fields in written)
    return ["remove", *(["fold", "label"] if writes else []), *(["streams"] if adapter.streams else [])]


@command.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write to this folder instead of the checkout around the current one.",
)
def new(name: str, to: Path | None) -> None:
    """Write a commented adapter NAME to fill in, and a fixture for it."""
    from circleshield_addon.adapters import ADAPTERS

    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise InputError(f"a name has small letters, figures and _ only, and starts with a letter; got {name!r}")
    if name in (adapter.name for adapter in ADAPTERS):
        raise InputError(f"there is an adapter {name} already")
    checkout = None if to is not None else _checkout()
    file = (to or Path()) / f"{name}.py" if checkout is None else checkout / _ADAPTERS / f"{name}.py"
    folder = (to or Path()) / name if checkout is None else checkout / "tests" / "fixtures" / name
    texts = {file: _ADAPTER.replace("NAME", name), **{folder / case: text for case, text in _fixture(name).items()}}
    for path in texts:
        if path.exists():
            raise InputError(f"{path}: is there already")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise InputError(f"{e.filename}: cannot be written: {e.strerror}") from e
    for path in texts:
        click.echo(path)
    click.echo(
        f"Fill in what is marked, put a page of your own into the fixture, and add {name}.ADAPTER to ADAPTERS in "
        f"{_ADAPTERS}/__init__.py. Then: pytest tests/addon/test_adapters.py -k {name}",
        err=True,
    )


def _checkout() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / _ADAPTERS / "__init__.py").exists():
            return folder
    raise InputError("there is no checkout of circleshield around this folder: go into one, or name a folder with --to")


@command.command()
@click.argument("capture", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def learn(capture: BinaryIO, as_json: bool) -> None:
    """Propose an adapter from CAPTURE (a HAR file or a flow dump of mitmproxy, - for stdin).

    Python goes to stdout, what it would read to stderr.
    """
    import datetime

    from circleshield.captures import read_capture
    from circleshield.proposals import proposals, source

    data = capture.read()
    if not data:
        raise InputError("the capture is empty")
    recorded = read_capture(data)
    if recorded is None:
        raise InputError("the capture is neither a HAR file nor a flow dump of mitmproxy")
    found = proposals(recorded.exchanges)
    if not found:
        raise InputError(f"none of the {len(recorded.exchanges)} responses in the capture holds a list of posts")
    python = source(found, f"{datetime.date.today():%Y-%m}")
    if as_json:
        click.echo(json.dumps({"python": python, "feeds": list(map(_as_json, found))}, ensure_ascii=False, indent=2))
        return
    for proposal in found:
        click.echo(_in_words(proposal), err=True)
    click.echo(python, nl=False)


def _as_json(proposal: "Proposal") -> dict[str, object]:
    import msgspec

    fields = proposal.endpoint.fields
    assert fields is not None
    return {
        "host": proposal.host,
        "method": proposal.method,
        "path": proposal.path,
        "known": proposal.known or None,
        "items": proposal.endpoint.items,
        "post": proposal.endpoint.post,
        "fields": {**asdict(fields), "html": sorted(fields.html)},
        "pages": proposal.pages,
        "posts": [msgspec.structs.asdict(post) for post in proposal.posts],
    }


def _in_words(proposal: "Proposal") -> str:
    known = f" (read by the adapter {proposal.known} already)" if proposal.known else ""
    counts = f"{len(proposal.posts)} posts, {proposal.pages} page{'s' * (proposal.pages != 1)}"
    lines = [f"{proposal.method} {proposal.host} {proposal.path}: {counts}{known}"]
    for post in proposal.posts[:5]:
        words = (
            plain(text, most) for text, most in ((post.id, 24), (post.author or post.author_id, 20), (post.text, 50))
        )
        lines.append("  " + "  ".join(words))
    return "\n".join(lines)


_ADAPTERS = Path("addon/circleshield_addon/adapters")

_ADAPTER = '''"""NAME: what it is, and where its format was read (an open client, a recorded page)."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

# Fill in every line that ends in "FILL IN"; docs/adapters.md says what each declaration means.
ADAPTER = Adapter(
    name="NAME",
    title="NAME",  # FILL IN: as people call it
    hosts=("NAME.example",),  # FILL IN: names without port; "*.a.example" for all below a.example
    endpoints=(
        Endpoint(
            re.compile(r"/api/timeline"),  # FILL IN: matches the whole path of the URL, without the query
            items=("data.items",),  # FILL IN: the way to the array; "" if the answer is the array itself
            post=("",),  # FILL IN: where in an item the post is; "" is the item itself
            last_item_is_cursor=True,  # FILL IN: False where the server names a cursor for the next page
        ),
    ),
    fields=Fields(
        id=("id",),  # FILL IN: from here on ways from the post; of several the first that holds something counts
        author_id=("user.id",),  # FILL IN
        author=("user.name",),  # FILL IN
        text=(("title",), ("text_raw", "text")),  # FILL IN: parts, each with alternatives
        html=frozenset(("text",)),  # FILL IN: those of the texts that are HTML
        inner=("repost",),  # FILL IN: posts inside the post
        ad={"is_ad": True},  # FILL IN: the platform's own flag of an advertisement
        main=("text_raw", "text"),  # FILL IN: where a fold writes its line; () if it cannot
        drop={"repost": None, "pictures": "[]"},  # FILL IN: what a folded post loses; None takes out the key as well
    ),
    confidence="low",  # FILL IN: high for recorded pages, medium for one client's source
    as_of="2026-11",  # FILL IN: year and month of what it was built from
)
'''


def _fixture(name: str) -> dict[str, str]:
    page = {
        "data": {
            "items": [
                {
                    "id": 5101234567890123201,
                    "user": {"id": 7, "name": "Ines"},
                    "title": "",
                    "text_raw": "First frost on the roof & all is still",
                    "text": "First frost on the roof &amp; all is still<br>",
                    "pictures": [{"url": "https://cdn.example/1.jpg"}],
                },
                {"type": "header"},
                {
                    "id": 5101234567890123202,
                    "user": {"id": 8, "name": "Lou"},
                    "title": "Look",
                    "text": "<b>this</b>",
                    "repost": {"id": 1, "user": {"id": 9, "name": "Shop"}, "text": "Ten for the price of five"},
                    "is_ad": True,
                },
            ],
            "next": "c2",
        }
    }
    posts = [
        ("5101234567890123201", "7", "Ines", "First frost on the roof & all is still", False),
        ("5101234567890123202", "8", "Lou", "Look\nthis\nTen for the price of five", True),
    ]
    want = [dict(zip(("id", "author_id", "author", "text", "ad"), post, strict=True)) for post in posts]
    return {
        "home.in": json.dumps(page, ensure_ascii=False, indent=1) + "\n",
        "home.url": f"https://{name}.example/api/timeline\n",
        "home.want": json.dumps(want, ensure_ascii=False, indent=1) + "\n",
    }
