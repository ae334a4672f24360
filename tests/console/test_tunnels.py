import json
from pathlib import Path

import mitmproxy_rs
import pytest

from circleshield.tunnels import FILE, Tunnels, load, save
from circleshield_model.errors import InputError


def test_each_device_has_a_key_and_an_address_of_its_own(tmp_path: Path) -> None:
    found = load(tmp_path).with_device("anna").with_device("ben").without("anna").with_device("cy")
    save(tmp_path, found)
    assert load(tmp_path) == found
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    ben, cy = found.devices
    assert (ben.name, cy.name) == ("ben", "cy")
    assert ben.key != cy.key
    assert ben.address != cy.address


def test_no_address_is_the_resolvers_or_given_twice() -> None:
    found = Tunnels(mitmproxy_rs.wireguard.genkey())
    for number in range(246):
        found = found.with_device(f"d{number}")
    with pytest.raises(InputError, match="no room for more"):
        found.with_device("one-more")
    addresses = [device.address for device in found.devices]
    assert len(set(addresses)) == len(addresses)
    assert not {"10.0.0.53", "10.0.0.54", "10.0.0.1"} & set(addresses)


def test_the_config_that_a_device_takes() -> None:
    found = Tunnels(mitmproxy_rs.wireguard.genkey()).with_device("anna")
    config = found.client_config("anna", "home.example:51820")
    assert f"PrivateKey = {found.devices[0].key}\n" in config
    assert found.server_key not in config
    assert f"PublicKey = {mitmproxy_rs.wireguard.pubkey(found.server_key)}\n" in config
    assert "AllowedIPs = 0.0.0.0/0, ::/0\n" in config
    assert "Endpoint = home.example:51820\n" in config


def test_the_key_of_an_older_installation_is_kept(tmp_path: Path) -> None:
    old = tmp_path / "ca" / "wireguard.conf"
    old.parent.mkdir()
    keys = {"server_key": mitmproxy_rs.wireguard.genkey(), "client_key": mitmproxy_rs.wireguard.genkey()}
    old.write_text(json.dumps(keys))
    found = load(tmp_path)
    assert found.server_key == keys["server_key"]
    assert [(device.key, device.address) for device in found.devices] == [(keys["client_key"], "10.0.0.1")]
    save(tmp_path, found)
    assert not old.exists()
    assert load(tmp_path) == found


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 41])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(InputError, match="no name for a device"):
        Tunnels("").with_device(name)


def test_names_that_are_taken_or_unknown() -> None:
    found = Tunnels("").with_device("anna")
    with pytest.raises(InputError, match="already"):
        found.with_device("anna")
    with pytest.raises(InputError, match="the devices are: anna"):
        found.without("ben")


@pytest.mark.parametrize("text", ["", "{}", '{"server_key": "x", "devices": []}', '{"server_key": 1, "devices": [2]}'])
def test_a_bad_file_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(InputError, match=FILE):
        load(tmp_path)
