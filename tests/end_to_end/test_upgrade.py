"""A home folder as the first versions left it: this version runs with it, loses nothing, and backs it up."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mitmproxy_rs
from mitmproxy.certs import CertStore
from tests.end_to_end.client import Client
from tests.end_to_end.feed import FRIENDS, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import free_udp_port, running_proxy

from circleshield import tunnels
from circleshield.control import ask
from circleshield_addon import authority
from circleshield_addon.history import Filter, newest
from circleshield_addon.ledger import FILE, Ledger
from circleshield_addon.ledger_schema import MIGRATIONS
from circleshield_model.artefact import PACKAGED
from circleshield_training import user_samples

# All keys that the first config files could have.
CONFIG = """\
[filter]
remove_at = 0.9
review_at = 0.5
action = "remove"
platform_ads = true
[platforms.mastodon]
enabled = true
hosts = ["localhost"]
"""
WHEN = int(time.time() * 1000) - 86_400_000


def old_home(home: Path) -> None:
    CertStore.from_store(home / "ca", "mitmproxy", 2048)  # the proxy used mitmproxy's own CA
    keys = {"server_key": mitmproxy_rs.wireguard.genkey(), "client_key": mitmproxy_rs.wireguard.genkey()}
    (home / "ca" / "wireguard.conf").write_text(json.dumps(keys, indent=4))
    with closing(sqlite3.connect(home / FILE)) as ledger:
        for statement in MIGRATIONS[0]:
            ledger.execute(statement)
        row = (WHEN, "mastodon", "71", "名", "5", SALES[0], None, 0.99, "remove", '["score 0.99 ≥ 0.90"]', "10.0.0.1")
        ledger.execute(f"INSERT INTO verdicts VALUES (1, {', '.join('?' * len(row))})", row)
        ledger.execute("PRAGMA user_version = 1")
        ledger.commit()
    sample = {
        "text": FRIENDS[0], "label": "social", "lang": "zh", "source": "user", "author": "mastodon:70",
        "post": "mastodon:4", "time": "2025-11-22T08:26:40Z",
    }  # fmt: skip
    (home / user_samples.FILE).write_text(json.dumps(sample, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.copytree(PACKAGED, home / "model")  # where `train` wrote


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_upgrade_from_the_oldest_formats(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    old_home(tmp_path)
    root, key = (tmp_path / "ca" / name for name in (authority.ROOT_FILE, authority.FILE))
    before = root.read_bytes(), key.read_bytes()
    old_keys = json.loads((tmp_path / "ca" / "wireguard.conf").read_text())

    path = origin.add(Answer([timeline(FRIENDS[0], SALES[0], FRIENDS[1])]))
    options = ("--model", str(tmp_path / "model"), "--mode", "regular", "--mode", f"wireguard@{free_udp_port()}")
    with running_proxy(tmp_path, origin_ca, *options, config=CONFIG) as proxy:
        # The phone trusts the CA that it had.
        through = replace(direct, ca=root, proxy=proxy.port)
        assert through.get(path).body == timeline_without_sales(FRIENDS[0], SALES[0], FRIENDS[1])
        status = ask(tmp_path, "status")
    assert status["remove_at"] == 0.9
    assert status["review_at"] == 0.5
    assert any("may sign for any site" in trouble for trouble in status["ca_troubles"])

    assert (root.read_bytes(), key.read_bytes()) == before
    assert key.stat().st_mode & 0o777 == 0o600
    with closing(Ledger(tmp_path / FILE)) as ledger:
        entries = newest(ledger, Filter(), 10)
        assert [entry.text for entry in entries] == [None, SALES[0], None, SALES[0]]
        assert (entries[-1].time, entries[-1].reasons) == (WHEN, ("score 0.99 ≥ 0.90",))
    assert [sample.text for sample in user_samples.current(tmp_path)] == [FRIENDS[0]]
    assert files(tmp_path / "model") == files(PACKAGED)
    now = tunnels.load(tmp_path)
    assert (now.server_key, now.devices[0].key, now.devices[0].address) == (*old_keys.values(), "10.0.0.1")

    _backed_up_and_restored(tmp_path, before[1])


def _backed_up_and_restored(home: Path, key: bytes) -> None:
    left = {path.name for path in home.iterdir()} - {"stderr"}
    (home / "passphrase").write_text("correct horse\n")
    command = [sys.executable, "-m", "circleshield", "backup"]
    sealed = ["--passphrase-file", str(home / "passphrase")]
    places = ["--home", str(home), "--config", str(home / "config.toml")]
    subprocess.run([*command, "create", str(home / "kept"), *places, *sealed], check=True, capture_output=True)
    new = home / "new"
    places = ["--home", str(new), "--config", str(new / "config.toml")]
    subprocess.run([*command, "restore", str(home / "kept"), *places, *sealed], check=True, capture_output=True)
    assert (new / "ca" / authority.FILE).read_bytes() == key
    assert (new / "config.toml").read_text() == CONFIG
    assert {path.name for path in new.iterdir()} >= left  # nothing that the proxy leaves behind is forgotten
    with closing(Ledger(new / FILE)) as ledger:
        assert len(newest(ledger, Filter(), 10)) == 4
