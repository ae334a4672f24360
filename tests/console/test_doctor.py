"""`circleshield doctor`: every check finds what it is there for, and says `unknown` where it cannot be made."""

import json
import ssl
import time
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, tzinfo
from http.client import HTTPMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from click.testing import CliRunner
from tests.console.recorded import record, verdict

from circleshield import checkup, checkup_network
from circleshield.checkup import Finding, Subject, device, machine
from circleshield.checkup_network import Answer, network, quic
from circleshield.cli import circleshield
from circleshield.home import open_ledger
from circleshield_addon import authority
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.ledger import FILE, Ledger
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

WELL: dict[str, Any] = {
    "listening": {"regular": ["127.0.0.1:9"]},
    "platforms": [],
    "model": "",
    "config": "/absent/config.toml",
    "refused": None,
    "passed": [],
    "untrusting": [],
    "paused": [],
    "counts": {},
    "ledger": {"fault": None},
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text("[filter]\n")
    authority.create(tmp_path / "ca", ("circle.shield", "weibo.com"))
    return tmp_path


def subject(home: Path, **status: Any) -> Subject:
    """A home folder whose proxy answers so; without `status` none runs."""
    found = Subject(home, home / "config.toml", None)
    if status:
        found.status = {**WELL, "model": Scorer.load(None).version, **status}
    return found


def of(findings: Iterable[Finding], check: str) -> Finding:
    (found,) = (finding for finding in findings if finding.check == check)
    assert found.state == "ok" or found.mend or found.state == "unknown", found
    return found


def states(findings: Iterable[Finding]) -> dict[str, str]:
    return {finding.check: finding.state for finding in findings}


def said(monkeypatch: pytest.MonkeyPatch, **outputs: str | None) -> None:
    """What programs of the machine say, by their names; all others are not there."""
    for module in (checkup, checkup_network):
        monkeypatch.setattr(module, "said_by", lambda *command: outputs.get(command[0].replace("-", "_")))


def test_all_is_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, timedatectl="yes\n")
    found = states(machine(subject(home, refused=None)))
    assert found == dict.fromkeys(found, "ok") | {"ca": "warn"}  # not made for all platforms


def test_what_cannot_be_told_is_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch)
    found = states([*machine(subject(home)), *network(subject(home)), quic(subject(home), None)])
    unknown = {check for check, state in found.items() if state == "unknown"}
    assert unknown == {"clock", "pinned apps", "wechat", "port", "firewall", "quic"}
    assert found["proxy"] == "fail"


def test_libraries(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(checkup, "requires", lambda _: ["mitmproxy>=99", "absent-library>=1", "x>1; extra == 'more'"])
    found = of(machine(subject(home)), "libraries")
    assert found.state == "fail"
    assert "needs >=99" in found.found
    assert "absent-library missing" in found.found
    assert "x " not in found.found


def test_config(home: Path) -> None:
    (home / "config.toml").write_text("[filter]\nremov_at = 1\n")
    found = of(machine(subject(home)), "config")
    assert (found.state, "remov_at" in found.found) == ("fail", True)
    (home / "config.toml").write_text("")
    assert of(machine(subject(home, refused="config.toml: nonsense")), "config").state == "fail"


def test_model(home: Path, tmp_path: Path) -> None:
    lost = Subject(home, home / "config.toml", tmp_path / "absent")
    assert of(machine(lost), "model").state == "fail"
    assert of(machine(subject(home, model="another")), "model").state == "warn"
    (home / "models").mkdir()
    (home / "models" / "in_use.json").write_text("damaged")
    assert of(machine(subject(home)), "model").state == "fail"


def test_ledger(home: Path) -> None:
    assert of(machine(subject(home, ledger={"fault": "the disk is full"})), "ledger").state == "fail"
    record(home, verdict("1"))
    assert of(machine(subject(home)), "ledger").state == "ok"
    (home / FILE).write_bytes(b"no database" * 1000)
    damaged = of(machine(subject(home)), "ledger")
    assert damaged.state == "fail"
    with pytest.raises(InputError) as as_elsewhere, open_ledger(home):
        pass
    assert damaged.found == str(as_elsewhere.value)
    assert device(subject(home, counts={}), "192.168.1.9") == Finding("device", "unknown", damaged.found)


@pytest.mark.parametrize(("free", "state"), [(10_000_000, "fail"), (100_000_000, "warn"), (10**10, "ok")])
def test_disk(free: int, state: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert of(machine(subject(home)), "disk").state == state


def test_clock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, timedatectl="no\n")
    assert of(machine(subject(home)), "clock").state == "warn"
    said(monkeypatch, timedatectl="yes\n")

    class Past(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr(checkup, "datetime", Past)
    assert of(machine(subject(home)), "clock").state == "fail"


def test_ca(home: Path) -> None:
    (home / "ca" / authority.FILE).unlink()
    assert of(machine(subject(home)), "ca").state == "fail"
    assert states(network(subject(home)))["ca trusted"] == "unknown"
    (home / "config.toml").write_text("".join(f"[platforms.{name}]\nenabled = false\n" for name in all_but_weibo()))
    authority.create(home / "ca", ("circle.shield", "weibo.com", "weibo.cn", "sinaimg.cn"))
    found = of(machine(subject(home)), "ca")
    assert found.state == "ok", found
    authority.create(home / "ca", None)
    assert of(machine(subject(home)), "ca").state == "warn"
    assert of(network(subject(home)), "ca limits").state == "warn"


def all_but_weibo() -> list[str]:
    return [adapter.name for adapter in ADAPTERS if adapter.name != "weibo_web"]


def test_a_client_that_does_not_mind_the_constraints_is_a_fail(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(network(subject(home)), "ca limits").state == "ok"
    trusting = ssl.create_default_context(cafile=str(home / "ca" / authority.ROOT_FILE))
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    monkeypatch.setattr("ssl.create_default_context", lambda cafile=None: trusting)
    found = of(network(subject(home)), "ca limits")
    assert found.state == "fail"
    assert "bank.example and 192.0.2.1" in found.found


def test_who_trusts_the_ca_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = of(network(subject(home)), "ca trusted")
    assert found.state == "warn"
    assert "self-signed" in found.found
    monkeypatch.setenv("SSL_CERT_FILE", str(home / "ca" / authority.ROOT_FILE))
    assert of(network(subject(home)), "ca trusted").state == "ok"


def test_port(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of(network(subject(home, counts={})), "port").state == "warn"
    elsewhere = subject(home, listening={"regular": ["192.0.2.1:8080"]})
    monkeypatch.setattr(checkup_network, "_SECONDS", 0.2)
    assert of(network(elsewhere), "port").state == "fail"


NFT = "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n%s\t}\n}\n"

OPEN = NFT.replace("drop", "accept") % "\t\tiifname %s tcp dport { 8080, 8081 } drop\n"
LAN = "3: lan0    inet 192.0.2.1/24 brd 192.0.2.255 scope global lan0\n"


@pytest.mark.parametrize(
    ("outputs", "state"),
    [
        ({}, "unknown"),
        ({"nft": ""}, "ok"),
        ({"nft": NFT % ""}, "warn"),
        ({"nft": NFT % "\t\ttcp dport 8080 accept\n"}, "ok"),
        ({"nft": NFT % "\t\ttcp dport { 22, 8080 } accept\n"}, "ok"),
        ({"nft": NFT % "\t\ttcp dport 80 accept\n"}, "warn"),
        ({"nft": NFT.replace("hook input", "hook forward") % ""}, "ok"),
        ({"nft": OPEN % '"wan0"', "ip": LAN}, "ok"),
        ({"nft": OPEN % '{ "wan0", "wlan*" }', "ip": LAN}, "ok"),
        ({"nft": OPEN % '{ "lan*", "wan0" }', "ip": LAN}, "warn"),
        ({"nft": OPEN % '!= "wan0"', "ip": LAN}, "warn"),
        ({"nft": OPEN % '"wan0"'}, "warn"),  # which interface has the address is not known
        ({"ufw": "Status: active\n\n22/tcp  ALLOW  Anywhere\n"}, "warn"),
        ({"ufw": "Status: active\n\n8080/tcp  ALLOW  Anywhere\n"}, "ok"),
        ({"ufw": "Status: inactive\n", "nft": ""}, "ok"),
        ({"firewall_cmd": "22/tcp\n"}, "warn"),
        ({"firewall_cmd": "22/tcp 8080/tcp\n"}, "ok"),
    ],
)
def test_firewall(outputs: dict[str, str], state: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, **outputs)
    monkeypatch.setattr(checkup_network, "_SECONDS", 0.1)
    listening = {"regular": ["192.0.2.1:8080"]}
    assert of(network(subject(home, listening=listening)), "firewall").state == state
    assert of(network(subject(home, counts={})), "firewall").state == "ok"  # loopback alone


def answer(home: Path, **headers: str) -> Answer:
    """As if weibo.com had said so through the proxy."""
    made = Answer(subject(home), "weibo.com", 443)
    assert made.fault == "no proxy listens in regular mode"
    made.head, made.status = HTTPMessage(), 200
    for name, value in headers.items():
        made.head[name.replace("_", "-")] = value
    return made


def test_quic(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    regular = subject(home, counts={})
    assert quic(regular, answer(home, Alt_Svc='h3=":443"')).state == "fail"
    assert quic(regular, answer(home)).state == "ok"
    assert quic(subject(home, listening={"wireguard@51820": ["10.0.0.1:51820"]}), None).state == "ok"
    transparent = subject(home, listening={"transparent": ["10.0.0.1:8080"]})
    for rules, state in (
        (None, "unknown"),
        ("", "warn"),
        ("iifname lan udp dport 443 reject", "ok"),
        ("udp dport { 80, 443 } drop", "ok"),
        ("udp dport 443 accept", "warn"),
    ):
        said(monkeypatch, nft=rules)
        assert quic(transparent, None).state == state, rules


def test_a_clock_apart_from_the_hosts(home: Path) -> None:
    found = list(answer(home, Date="Sun, 22 Nov 2020 16:00:00 GMT").findings())
    assert states(found) == {"upstream": "ok", "clock": "fail"}
    assert list(answer(home, Date="yesterday").findings())[1:] == []


def test_a_proxy_with_users_is_not_asked(home: Path) -> None:
    made = answer(home)
    made.head, made.fault = None, "Tunnel connection failed: 407 Proxy Authentication Required"
    assert states(made.findings()) == {"upstream": "unknown"}
    made.fault = "Connection refused"
    assert states(made.findings()) == {"upstream": "fail"}


def test_pinned_and_strangers(home: Path) -> None:
    passed = [{"device": "192.168.1.7", "app": "a", "host": "x.com", "until": time.time() + 9, "days": 1}]
    found = of(machine(subject(home, passed=passed)), "pinned apps")
    assert (found.state, "x.com (192.168.1.7)" in found.found) == ("warn", True)
    assert of(machine(subject(home, untrusting=["192.168.1.7"])), "pinned apps").state == "fail"


def test_device(home: Path) -> None:
    address = "192.168.1.9"
    assert device(subject(home), address).state == "unknown"
    assert device(subject(home, counts={}), address).state == "unknown"
    assert device(subject(home, untrusting=[address]), address).state == "fail"
    assert device(subject(home, paused=[{"device": None, "until": 9.0}]), address).state == "warn"
    record(home, verdict("1"))
    assert device(subject(home, counts={}), address).state == "ok"
    assert device(subject(home, counts={}), "192.168.1.10").state == "unknown"
    with closing(Ledger(home / FILE)) as ledger:
        ledger.write([], [("192.168.1.10", "weibo", "1")])  # it had the same post in its feed
    assert device(subject(home, counts={}), "192.168.1.10").state == "ok"


def test_wechat(home: Path) -> None:
    assert of(machine(subject(home, counts={"mmtls": 3})), "wechat").state == "warn"


def test_exit_codes_and_json(home: Path) -> None:
    places = ["--home", str(home), "--config", str(home / "config.toml")]
    done = CliRunner().invoke(circleshield, ["doctor", *places, "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["ok"] is False
    assert {"check", "state", "found", "mend"} == told["checks"][0].keys()
    text = CliRunner().invoke(circleshield, ["doctor", *places]).stdout
    assert "FAIL  proxy" in text
    assert "→ start it: circleshield run" in text
    for wrong in (["--device", "phone"], ["--origin", ":443"]):
        refused = CliRunner().invoke(circleshield, ["doctor", *places, *wrong])
        assert isinstance(refused.exception, InputError)
