"""The config file: TOML into frozen models. Every key is declared here once, with default, bounds and help."""

import re
import tomllib
from collections.abc import Iterator
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from platformdirs import user_config_path

from circleshield_addon import config_errors
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.destinations import allowance
from circleshield_addon.device import USER, device
from circleshield_addon.generic import GENERIC
from circleshield_addon.language import Language
from circleshield_addon.rules import Rule
from circleshield_model.errors import InputError

Probability = Annotated[float, pydantic.Field(ge=0, le=1, allow_inf_nan=False)]
Texts = Annotated[tuple[str, ...], pydantic.Field(strict=False)]


def _host_pattern(text: str) -> str:
    """As clients spell it to the proxy: in small letters, and other scripts in ASCII (RFC 3490)."""
    name = text.removeprefix("*.")
    try:
        spelt = name.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError:
        spelt = ""
    if not spelt or not all(c.isalnum() or c in ".-" for c in spelt):
        raise ValueError(f"must be a host name without scheme, port or path, got {text!r}")
    return text.removesuffix(name) + spelt


Hosts = Annotated[tuple[Annotated[str, pydantic.AfterValidator(_host_pattern)], ...], pydantic.Field(strict=False)]
SpamAction = Literal["remove", "fold", "label", "watch"]


def _not_empty[T](listed: tuple[T, ...]) -> tuple[T, ...]:
    if not listed:
        raise ValueError("must not be empty")
    return listed


_NotEmpty = pydantic.AfterValidator(_not_empty)


def _argon2_hash(value: str) -> str:
    import argon2

    try:
        argon2.extract_parameters(value)
    except argon2.exceptions.InvalidHashError:
        raise ValueError("must be an Argon2 hash, as `circleshield config add-user` writes it") from None
    return value


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class Filter(_Table):
    """What counts as spam and what becomes of it."""

    remove_at: Probability | None = None
    """Score from which a post is acted on; not set: the model's own, chosen for at most 0.1 % wrongly removed."""
    review_at: Probability | None = None
    """Score from which a post is shown but noted as unsure; not set: the model's own. Not above `remove_at`."""
    action: SpamAction = "remove"
    """`remove` takes spam out; `fold` leaves a line with a link; `label` marks it; `watch` only reports."""
    platform_ads: bool = True
    """Whether posts that the platform itself flags as advertisements count as spam."""
    languages: Annotated[tuple[Language, ...], pydantic.Field(strict=False), _NotEmpty] = ("zh", "en")
    """Languages that are judged, told by script: `zh` is Han, `en` is Latin letters. All other posts are kept."""
    min_length: Annotated[int, pydantic.Field(ge=0, le=10_000)] = 0
    """Posts with fewer characters are kept."""


class Platform(Filter):
    """One adapter's switch; every key of `[filter]` may stand here too, and goes before it."""

    enabled: bool = True
    """Whether this platform's feeds are decrypted and filtered."""
    hosts: Hosts = ()
    """Further servers of a platform where anybody can run one, such as `mastodon.example`."""


class Profile(Filter):
    """Devices that are treated otherwise: every key of `[filter]` may stand here, and goes before a platform's."""

    devices: Annotated[tuple[str, ...], pydantic.Field(strict=False), _NotEmpty]
    """IP addresses such as `192.168.1.7`, or proxy users such as `user:anna`, who go before addresses. Of profiles that
    name the same one the first counts."""


class Generic(_Table):
    """Feeds that no adapter knows."""

    hosts: Hosts = ()
    """Hosts whose JSON responses are searched for a list of posts, such as `example.social`."""


class Ledger(_Table):
    """What is remembered about posts, on this machine only."""

    enabled: bool = True
    """Whether verdicts are recorded."""
    store_text: bool = True
    """Whether the text of sales and unsure posts is kept, and the words that weighed; without it only a hash is."""
    keep_days: Annotated[int, pydantic.Field(ge=1, le=36_500)] = 90
    """Verdicts older than this are deleted."""
    keep_rows: Annotated[int, pydantic.Field(ge=1, le=100_000_000)] = 100_000
    """Of more verdicts than this the oldest are deleted."""


class Access(_Table):
    """Which devices may use the proxy, and what they may reach through it."""

    clients: Texts = ()
    """Networks whose devices are let in besides those of private networks, such as `2001:db8:1::/64`."""
    allow: Texts = ()
    """What devices may reach although it is this machine or link-local, such as `127.0.0.1:3000`, `169.254.0.0/16`."""


class Friends(_Table):
    """What an author's earlier posts do to the next one; needs the ledger."""

    history: bool = True
    """Whether an author's earlier posts move the score of the next: sales posts up, ordinary ones a little down."""
    suggest_after: Annotated[int, pydantic.Field(ge=1, le=100)] = 5
    """After so many sales posts `circleshield friends` suggests to treat all posts of an author as such."""
    shield_after: Annotated[int, pydantic.Field(ge=1, le=100)] | None = None
    """After so many sales posts that is done without asking; not set: never."""


class User(_Table):
    """Somebody who may use the proxy; where there is one, nobody else may. `circleshield config add-user` writes it."""

    password: Annotated[str, pydantic.AfterValidator(_argon2_hash)]
    """The password's Argon2 hash."""


def _host_and_port(address: str) -> str:
    host, colon, port = address.rpartition(":")
    try:
        ip_address(host.removeprefix("[").removesuffix("]") if host.startswith("[") else host)
    except ValueError:
        colon = ""
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be an IP address and a port, such as 127.0.0.1:8765 or [::1]:8765")
    return address


class Review(_Table):
    """The page where posts are looked at and judged: `http://circle.shield/` behind the proxy, and a port."""

    enabled: bool = True
    """Whether the page is served."""
    listen: Annotated[str, pydantic.AfterValidator(_host_and_port)] = "127.0.0.1:8765"
    """Where it is served besides: an address of this machine and a port, 0 for any that is free."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class Settings(_Table):
    """The whole config file."""

    filter: Filter = Filter()
    platforms: dict[str, Platform] = {}
    profiles: dict[str, Profile] = {}
    rules: Annotated[tuple[Rule, ...], pydantic.Field(strict=False)] = ()
    generic: Generic = Generic()
    ledger: Ledger = Ledger()
    access: Access = Access()
    friends: Friends = Friends()
    users: dict[str, User] = {}
    review: Review = Review()

    @cached_property
    def adapter_hosts(self) -> tuple[str, ...]:
        """Host patterns of all enabled adapters, the user's own included."""
        return tuple(
            host
            for adapter in ADAPTERS
            if self.enabled(adapter.name)
            for host in (*adapter.hosts, *self.platforms.get(adapter.name, Platform()).hosts)
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Host patterns of what may be decrypted: of the adapters and those in `[generic]`."""
        return self.adapter_hosts + self.generic.hosts

    def enabled(self, name: str) -> bool:
        """Whether the adapter of that name is on; adapters are on unless the file says otherwise."""
        return name not in self.platforms or self.platforms[name].enabled

    @cached_property
    def profile_of(self) -> dict[str, str]:
        """The profile of each device that has one."""
        pairs = [(_named(each), name) for name, profile in self.profiles.items() for each in profile.devices]
        return dict(reversed(pairs))

    def effective(self, platform: str | None = None, profile: str | None = None) -> tuple[Filter, dict[str, str]]:
        """What holds for a platform and a profile, and the dotted name of each key that the file sets for it."""
        tables: list[tuple[str, Filter]] = [("filter", self.filter)]
        if platform in self.platforms:
            tables.append((f"platforms.{platform}", self.platforms[platform]))
        if profile in self.profiles:
            tables.append((f"profiles.{profile}", self.profiles[profile]))
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        for name, table in tables:
            for key in Filter.model_fields.keys() & table.model_fields_set:
                values[key], origins[key] = getattr(table, key), f"{name}.{key}"
        return Filter.model_construct(None, **values), origins

    def set_elsewhere(self, *keys: str) -> bool:
        """Whether a platform or a profile has one of these keys of `[filter]` for itself."""
        tables: tuple[Filter, ...] = (*self.platforms.values(), *self.profiles.values())
        return any(getattr(table, key) is not None for table in tables for key in keys)

    def combinations(self) -> Iterator[tuple[str | None, str | None]]:
        """Every platform and profile that may have values of its own; None for the rest."""
        return ((platform, profile) for platform in (None, *self.platforms) for profile in (None, *self.profiles))


def default_config_path() -> Path:
    """Where the config file is looked for when none is named."""
    return user_config_path("circleshield") / "config.toml"


def load_settings(path: Path | None) -> Settings:
    """The settings of a config file; all defaults for None or where the default file does not exist.

    Raises InputError that names the file, the key and the mend.
    """
    if path is None:
        path = default_config_path()
        if not path.exists():
            return Settings()
    return parse_settings(read_config(path), path)


def read_config(path: Path) -> str:
    """The text of a config file. Raises InputError where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")  # Windows editors begin with a mark; line ends stay
    except FileNotFoundError as e:
        raise InputError(f"{path}: there is no such config file; `circleshield config init` writes one") from e
    except OSError as e:
        raise InputError(f"{path}: cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise InputError(f"{path}: is not UTF-8 text (byte {e.start}); save it as UTF-8") from e


def parse_settings(text: str, path: Path) -> Settings:
    """The settings in the text of a config file. Raises InputError that names the file, the key and the mend."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise InputError(f"{path}: is not TOML: {e}") from e
    try:
        settings = Settings.model_validate(table)
    except pydantic.ValidationError as e:
        raise InputError("\n".join(f"{path.name}: {config_errors.explained(f, Settings)}" for f in e.errors())) from e
    if faults := dict.fromkeys(_faults(settings)):
        raise InputError("\n".join(f"{path.name}: {fault}" for fault in faults))
    return settings


def _faults(settings: Settings) -> Iterator[str]:
    adapters = {adapter.name: adapter for adapter in ADAPTERS}
    for name, platform in settings.platforms.items():
        if name not in adapters:
            yield f"platforms.{name} is not a known platform{config_errors.nearest(name, adapters)}"
        elif platform.hosts and not adapters[name].federated:
            yield f"platforms.{name}.hosts: {adapters[name].title} has no servers but its own"
    for name, profile in settings.profiles.items():
        for each in profile.devices:
            try:
                named = _named(each)
            except ValueError:
                yield f"profiles.{name}.devices must be IP addresses or user:NAME, got {each!r}"
                continue
            user = named.removeprefix(USER)
            if user != named and user not in settings.users:
                yield f"profiles.{name}.devices: there is no proxy user {user}; circleshield config add-user {user}"
    for name in settings.users:
        if not re.fullmatch(r"[\w-]{1,64}", name):
            yield f"users: {name!r} is no name; use letters, figures, - and _"
    for key, entries, read in (
        ("access.clients", settings.access.clients, ip_network),
        ("access.allow", settings.access.allow, allowance),
    ):
        for entry in entries:
            try:
                read(entry)
            except ValueError as e:
                yield f"{key}: {e}"
    known = (*adapters, GENERIC.name)
    for number, rule in enumerate(settings.rules, 1):
        if rule.platform is not None and rule.platform not in known:
            near = config_errors.nearest(rule.platform, known)
            yield f"rules[{number}].platform: {rule.platform} is not a known platform{near}"
    for combination in settings.combinations():
        own, origins = settings.effective(*combination)
        if own.review_at is not None and own.remove_at is not None and own.review_at > own.remove_at:
            low, high = origins["review_at"], origins["remove_at"]
            yield f"{low} must not be above {high}, got {own.review_at} and {own.remove_at}"


def _named(each: str) -> str:
    """A proxy user as they are, an address in its one spelling. Raises ValueError for what is neither."""
    return each if each.startswith(USER) and each != USER else device(each)
