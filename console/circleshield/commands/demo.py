"""`circleshield demo`: a feed, a proxy and a client on loopback; the feed without and with the proxy, side by side."""

import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

_TIMELINE = "/api/v1/timelines/home"
_CONFIG = """\
[platforms.mastodon]
hosts = ["localhost"]
[review]
listen = "127.0.0.1:0"
"""
_LISTENING = re.compile(r"regular\s+listening at 127\.0\.0\.1:(\d+)")


@click.command()
@click.option("--serve", is_flag=True, help="Keep the site and the proxy up, to try with a browser.")
def command(serve: bool) -> None:
    """Show the proxy at work on a small feed of its own, on this machine only."""
    from circleshield.demo.site import feed_site

    with tempfile.TemporaryDirectory(prefix="circleshield-demo-") as temporary:
        folder = Path(temporary)
        (folder / "config.toml").write_text(_CONFIG, encoding="utf-8")
        with feed_site(folder) as (site, site_ca), _proxy(folder, site, site_ca) as (proxy, reverse):
            direct = _timeline(site, None, site_ca)
            through = _timeline(site, proxy, folder / "ca" / "mitmproxy-ca-cert.pem")
            _show(direct, through)
            if serve:
                _invite(site, proxy, reverse, folder)


@contextmanager
def _proxy(folder: Path, site: int, site_ca: Path) -> Iterator[tuple[int, int]]:
    """A real `circleshield run`; yields the ports of the proxy and of its reverse mode in front of the site."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        reverse = free.getsockname()[1]
    arguments = ["run", "--listen", "127.0.0.1:0", "--home", folder, "--config", folder / "config.toml"]
    arguments += ["--upstream-ca", site_ca, "--mode", "regular"]
    arguments += ["--mode", f"reverse:https://localhost:{site}@127.0.0.1:{reverse}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "circleshield", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stderr is not None
    said: list[str] = []
    port = 0
    try:
        for line in process.stderr:
            said.append(line)
            if found := _LISTENING.match(line):
                port = int(found[1])
            if line.startswith("CA "):
                break
        else:
            raise click.ClickException("the proxy did not start:\n" + "".join(said))
        yield port, reverse
    finally:
        process.terminate()
        process.communicate()


def _timeline(site: int, proxy: int | None, ca: Path) -> list[dict[str, Any]]:
    """The home timeline as a client sees it: directly, or through the proxy whose CA it trusts."""
    context = ssl.create_default_context(cafile=str(ca))
    connection = http.client.HTTPSConnection(
        "localhost" if proxy is None else "127.0.0.1", proxy or site, context=context
    )
    if proxy is not None:
        connection.set_tunnel("localhost", site)
    try:
        connection.request("GET", _TIMELINE)
        response = connection.getresponse()
        if response.status != 200:
            raise click.ClickException(f"the feed answered {response.status} {response.reason}")
        posts: list[dict[str, Any]] = json.loads(response.read())
        return posts
    finally:
        connection.close()


def _show(direct: list[dict[str, Any]], through: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from circleshield_addon.adapters import mastodon
    from circleshield_addon.judge import Judge
    from circleshield_addon.settings import Settings
    from circleshield_model.scorer import Scorer

    kept = {post["id"] for post in through}
    posts = [mastodon.ADAPTER.read(post, ("",)) for post in direct]
    verdicts = Judge(Scorer.load(), Settings()).verdicts([post for post in posts if post is not None])
    table = Table(show_lines=True, expand=True)
    table.add_column("without the proxy", ratio=1, overflow="fold")
    table.add_column("with the proxy", ratio=1, overflow="fold")
    for post, verdict in zip(direct, verdicts, strict=True):
        left = Text(f"{post['account']['display_name']}\n", style="bold").append(verdict.post.text, style="not bold")
        if post["id"] in kept:
            table.add_row(left, left)
        else:
            table.add_row(left, Text("removed: " + " · ".join(verdict.reasons), style="red"))
    console = Console()
    console.print(table)
    console.print(f"{len(direct)} posts came, {len(direct) - len(through)} were taken out before the client saw them.")


def _invite(site: int, proxy: int, reverse: int, folder: Path) -> None:
    click.echo(
        f"""
The same feed in a browser, until Ctrl-C:
  filtered    http://127.0.0.1:{reverse}/
  unfiltered  https://localhost:{site}/   (the browser warns: this site's certificate is the demo's own)
Or as a phone would, through the proxy at 127.0.0.1:{proxy}, trusting {folder / "ca" / "mitmproxy-ca-cert.pem"}:
  chromium --user-data-dir={folder / "browser"} --proxy-server=127.0.0.1:{proxy} '--proxy-bypass-list=<-loopback>' \\
    --ignore-certificate-errors https://localhost:{site}/"""
    )
    with suppress(KeyboardInterrupt):
        signal.pause()
