"""The folder of the certificate authority in the home folder, and the two kinds of CA."""

from pathlib import Path
from typing import TYPE_CHECKING

from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.authority import Authority

CA_FOLDER = "ca"
KINDS = ("constrained", "unconstrained")


def made(folder: Path, kind: str | None, hosts: tuple[str, ...]) -> "Authority":
    """The CA in a folder, made for these hosts where there is none. Raises InputError where it is not of that kind."""
    from circleshield_addon import authority

    if not authority.exists(folder):
        return authority.create(folder, None if kind == "unconstrained" else authority.domains(hosts))
    found = authority.read(folder)
    if kind is not None and kind != kind_of(found):
        raise InputError(
            f"{folder / authority.FILE}: is {kind_of(found)}; for the other: circleshield ca renew --ca {kind}"
        )
    return found


def kind_of(found: "Authority") -> str:
    """One of KINDS."""
    return KINDS[found.names is None]
