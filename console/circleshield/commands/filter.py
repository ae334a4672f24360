"""`circleshield filter`: one response body, exactly as the proxy would treat it."""

import json
import sys
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import click

from circleshield_model.errors import InputError


@click.command()
@click.argument("body", type=click.File("rb"), default="-")
@click.option("--url", required=True, help="The URL that was asked for; with the method it picks the adapter.")
@click.option("--method", default="GET", show_default=True)
@click.option("--content-type", default="", help="The response's Content-Type; default: as if it had none.")
@click.option("--content-encoding", default="", help="The response's Content-Encoding: gzip, br, zstd, deflate.")
@click.option("--config", type=click.Path(path_type=Path), envvar="CIRCLESHIELD_CONFIG", help="Config file.")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="Write what was found there, as JSON.")
def command(
    body: BinaryIO,
    url: str,
    method: str,
    content_type: str,
    content_encoding: str,
    config: Path | None,
    report: Path | None,
) -> None:
    """Filter one response BODY (a file, or - for stdin) and write what a client would get to stdout, byte for byte."""
    from circleshield_addon import routing
    from circleshield_addon.filtering import Filtered, filtered
    from circleshield_addon.judge import Judge
    from circleshield_addon.notes import Notes
    from circleshield_addon.settings import load_settings
    from circleshield_model.scorer import Scorer

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"--url must be a whole URL such as https://weibo.com/ajax/feed/friendstimeline, got {url!r}")
    settings = load_settings(config)
    raw = body.read()
    found = routing.route(method.upper(), parts.hostname, parts.path, settings)
    result = Filtered(raw)
    if found is None:
        click.echo("no enabled adapter takes this method, host and path: it passes unread", err=True)
    elif not routing.is_page_type(content_type, found.endpoint):
        click.echo("the content type is not that of a feed page: it passes unread", err=True)
    else:
        result = filtered(raw, found, Judge(Scorer.load(), settings), Notes(), content_type, content_encoding)
        if result.fault is not None:
            click.echo(f"{found.adapter.name}: the page passes unfiltered: {result.fault}", err=True)
        if parts.scheme == "https" and not routing.decrypted(parts.hostname, settings):
            click.echo(
                f"{parts.hostname} is not a known {found.adapter.title} server: for the proxy to open it, add it to "
                f"platforms.{found.adapter.name}.hosts in the config file",
                err=True,
            )
    if report is not None:
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
        text = json.dumps({"adapter": adapter, "changed": result.body is not raw, "posts": posts}, ensure_ascii=False)
        try:
            report.write_text(text + "\n", encoding="utf-8")
        except OSError as e:
            raise InputError(f"{report}: cannot be written: {e.strerror}") from e
    sys.stdout.buffer.write(result.body)
