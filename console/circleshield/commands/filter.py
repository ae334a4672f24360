"""`circleshield filter`: one response body, or all of a capture, exactly as the proxy would treat it."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_args
from urllib.parse import SplitResult, urlsplit

import click

from circleshield.home import config_option, model_option
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield.captures import Capture, Exchange
    from circleshield_addon.filtering import Filtered
    from circleshield_addon.routing import Route
    from circleshield_addon.settings import Settings


@click.command()
@click.argument("body", type=click.File("rb"), default="-")
@click.option("--url", help="The URL that was asked for; with the method it picks the adapter. Not for a capture.")
@click.option("--method", default="GET", show_default=True)
@click.option("--content-type", default="", help="The response's Content-Type; default: as if it had none.")
@click.option("--content-encoding", default="", help="The response's Content-Encoding: gzip, br, zstd, deflate.")
@config_option
@model_option
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write what was found there, as JSON.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write the filtered body or capture there; a body goes to stdout without it.",
)
def command(
    body: BinaryIO,
    url: str | None,
    method: str,
    content_type: str,
    content_encoding: str,
    config: Path | None,
    model: Path,
    report: Path | None,
    out: Path | None,
) -> None:
    """Filter one response BODY (a file, or - for stdin) and write what a client would get to stdout, byte for byte.

    BODY may also be a capture, a HAR file or a flow dump of mitmproxy. Then every feed response in it is filtered, what
    came of it is summed up, and the filtered capture is written with --out.
    """
    from circleshield.captures import Exchange, read_capture
    from circleshield_addon.settings import load_settings

    parts = _parts(url)
    settings = load_settings(config)
    raw = body.read()
    capture = read_capture(raw)
    if capture is not None:
        if url is not None:
            raise InputError("this is a capture, which names the URLs itself: leave --url out")
        told = _capture(capture, settings, model, out)
    elif url is None:
        raise click.UsageError("--url is needed, as this is neither a HAR file nor a flow dump of mitmproxy.")
    else:
        told = _body(Exchange(method.upper(), parts, 200, content_type, content_encoding, raw), settings, model, out)
    if report is not None:
        _write(report, (json.dumps(told, ensure_ascii=False) + "\n").encode())


def _parts(url: str | None) -> SplitResult:
    try:
        parts = urlsplit(url or "")
        _ = parts.port
    except ValueError:  # such as half an IPv6 address, a port of six figures
        parts = urlsplit("")
    if url is not None and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise InputError(f"--url must be a whole URL such as https://weibo.com/ajax/feed/friendstimeline, got {url!r}")
    return parts


def _body(exchange: "Exchange", settings: "Settings", model: Path, out: Path | None) -> dict[str, Any]:
    from circleshield.feed_responses import route_of, treatment
    from circleshield_addon import routing
    from circleshield_addon.filtering import Filtered

    found = route_of(exchange, settings)
    result = Filtered(exchange.body)
    if found is None:
        click.echo("no enabled adapter takes this method, host and path: it passes unread", err=True)
    elif not routing.is_page_type(exchange.content_type, found.endpoint):
        click.echo("the content type is not that of a feed page: it passes unread", err=True)
    else:
        result = treatment(settings, model)(exchange, found)
        if result.fault is not None:
            click.echo(f"{found.adapter.name}: the page passes unfiltered: {result.fault}", err=True)
        _point_out_server(exchange, found, settings)
    _write(out or Path("-"), result.body)
    return _told(exchange, found, result)


def _capture(capture: "Capture", settings: "Settings", model: Path, out: Path | None) -> dict[str, Any]:
    from circleshield.feed_responses import feed_responses, treatment

    apply = treatment(settings, model)
    responses: list[dict[str, Any]] = []
    platforms: dict[str, Counter[str]] = {}
    bodies: dict[int, bytes] = {}
    hosts: set[str | None] = set()
    for number, exchange, found in feed_responses(capture, settings):
        result = apply(exchange, found)
        if result.body is not exchange.body:
            bodies[number] = result.body
        if exchange.url.hostname not in hosts:
            hosts.add(exchange.url.hostname)
            _point_out_server(exchange, found, settings)
        url = exchange.url._replace(query="", fragment="").geturl()
        responses.append({"url": url, "method": exchange.method, **_told(exchange, found, result)})
        counts = platforms.setdefault(found.adapter.name, Counter())
        counts["faults" if result.fault is not None else "pages"] += 1
        counts["posts"] += len(result.verdicts)
        counts.update(verdict.action for verdict in result.verdicts)
    if out is not None:
        _write(out, capture.edited(bodies))
    _sum_up(platforms, len(capture.exchanges))
    columns = ("pages", "faults", "posts", *_actions())
    sums = {name: {column: counts[column] for column in columns} for name, counts in platforms.items()}
    return {"responses": responses, "platforms": sums}


def _point_out_server(exchange: "Exchange", found: "Route", settings: "Settings") -> None:
    from circleshield_addon import routing

    host = exchange.url.hostname or ""
    if exchange.url.scheme == "https" and not routing.decrypted(host, settings):
        click.echo(
            f"{host} is not a known {found.adapter.title} server: for the proxy to open it, add it to "
            f"platforms.{found.adapter.name}.hosts in the config file",
            err=True,
        )


def _told(exchange: "Exchange", found: "Route | None", result: "Filtered") -> dict[str, Any]:
    posts = [
        {
            "id": v.post.id,
            "author_id": v.post.author_id,
            "author": v.post.author,
            "text": v.post.text,
            "score": v.score,
            "action": v.action,
            "reasons": v.reasons,
        }
        for v in result.verdicts
    ]
    adapter = found.adapter.name if found else None
    told = {"adapter": adapter, "changed": result.body is not exchange.body, "posts": posts}
    return told if result.fault is None else {**told, "fault": result.fault}


def _sum_up(platforms: dict[str, Counter[str]], responses: int) -> None:
    from rich.console import Console
    from rich.table import Table

    if not platforms:
        click.echo(f"{responses} responses, none of them a page of a feed that is filtered", err=True)
        return
    table = Table("platform", box=None)
    columns = [name for name in ("pages", "faults", "posts", *_actions()) if any(c[name] for c in platforms.values())]
    for column in columns:
        table.add_column(column, justify="right")
    for name, counts in sorted(platforms.items()):
        table.add_row(name, *(str(counts[column]) for column in columns))
    Console(stderr=True).print(table)


def _actions() -> tuple[str, ...]:
    from circleshield_addon.post import Action

    return get_args(Action)


def _write(file: Path, data: bytes) -> None:
    from circleshield.output import private_file

    with private_file(file) as to:
        to.buffer.write(data)
