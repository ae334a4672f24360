"""A local nginx: HTTPS on loopback, HTTP/1.1 and HTTP/2, files that are compressed beforehand.

apt-get install nginx-light libnginx-mod-http-brotli-static
"""

import gzip
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
from tests.end_to_end.origin import issue_certificate

FEED, OTHER, DOWNLOADS = "/api/v1/timelines/home", "/api/v1/instance", "/media"
_CONFIG = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
include /etc/nginx/modules-enabled/*.conf;
events {{ worker_connections 1000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 1000000;
  ssl_certificate {certificate};
  ssl_certificate_key {certificate};
  default_type "application/json; charset=utf-8";
  gzip_static on;
  brotli_static on;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    root {folder};
    location = {feed} {{ try_files /pages/$arg_posts/$arg_n.json =404; }}
    location = {other} {{ try_files /instance.json =404; }}
    location {downloads} {{ default_type application/octet-stream; alias {folder}/downloads; }}
  }}
}}
"""


class Origin:
    """`port` is where it listens, `ca` what its clients trust; it serves the name localhost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self.ca, self._certificate = issue_certificate(folder / "ca", ("localhost", "127.0.0.1"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        (folder / "instance.json").write_bytes(b'{"uri":"localhost","title":"' + b"x" * 500 + b'"}')

    def add(self, posts: int, pages: Iterable[tuple[str, bytes]]) -> None:
        """Serves pages at FEED?posts=…&n=NAME."""
        folder = self.folder / "pages" / str(posts)
        folder.mkdir(parents=True)
        for n, page in pages:
            (folder / f"{n}.json").write_bytes(page)
            (folder / f"{n}.json.gz").write_bytes(gzip.compress(page, 5))
            (folder / f"{n}.json.br").write_bytes(brotli.compress(page, quality=4))

    def add_download(self, name: str, size: int) -> None:
        """Serves so many bytes at DOWNLOADS/name."""
        folder = self.folder / "downloads"
        folder.mkdir(exist_ok=True)
        with (folder / name).open("wb") as file:
            file.truncate(size)

    def url(self, path: str, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"

    def feed(self, posts: int, n: str) -> str:
        """The URL of a page."""
        return self.url(f"{FEED}?posts={posts}&n={n}")

    @contextmanager
    def running(self) -> Iterator["Origin"]:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            sys.exit("needs nginx: apt-get install nginx-light libnginx-mod-http-brotli-static")
        config = self.folder / "nginx.conf"
        names = {"feed": FEED, "other": OTHER, "downloads": DOWNLOADS}
        config.write_text(
            _CONFIG.format(folder=self.folder, certificate=self._certificate, port=self.port, **names), encoding="utf-8"
        )
        process = subprocess.Popen([program, "-c", str(config), "-e", str(self.folder / "nginx.log")])
        try:
            _wait(self.port, process)
            yield self
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None:
                sys.exit(f"ended with {process.returncode}: {process.args!r}")
            time.sleep(0.02)
