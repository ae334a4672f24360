"""The config file: TOML into frozen models. Every key is declared here once, with default, bounds and help."""

import difflib
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pydantic
from platformdirs import user_config_path

from circleshield_addon.adapters import ADAPTERS
from circleshield_model.errors import InputError

Probability = Annotated[float, pydantic.Field(ge=0, le=1, allow_inf_nan=False)]
SpamAction = Literal["remove", "fold", "label", "watch"]


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True)


class Filter(_Table):
    """`[filter]`: what counts as spam and what becomes of it."""

    remove_at: Probability | None = None
    """Score from which a post is acted on; not set: the model's own, chosen for at most 0.1 % wrongly removed."""
    review_at: Probability | None = None
    """Score from which a post is shown but noted for review; not set: the model's own."""
    action: SpamAction = "remove"
    """`remove` takes spam out; `fold` leaves a line with a link; `label` marks it; `watch` only reports."""
    platform_ads: bool = True
    """Whether posts that the platform itself flags as advertisements count as spam."""


class Platform(_Table):
    """`[platforms.NAME]`: one adapter's switch."""

    enabled: bool = True
    """Whether this platform's feeds are decrypted and filtered."""
    hosts: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()
    """Further servers of a platform where anybody can run one, such as `mastodon.example`."""


class Generic(_Table):
    """`[generic]`: feeds that no adapter knows."""

    hosts: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()
    """Hosts whose JSON responses are searched for a list of posts, such as `example.social`."""


class Ledger(_Table):
    """`[ledger]`: what is remembered about posts."""

    enabled: bool = True
    """Whether verdicts are recorded."""
    store_text: bool = True
    """Whether the text of sales and unsure posts is kept; without it only a hash is."""
    keep_days: Annotated[int, pydantic.Field(ge=1, le=36_500)] = 90
    """Verdicts older than this are deleted."""
    keep_rows: Annotated[int, pydantic.Field(ge=1, le=100_000_000)] = 100_000
    """Of more verdicts than this the oldest are deleted."""


class Settings(_Table):
    """The whole config file."""

    filter: Filter = Filter()
    platforms: dict[str, Platform] = {}
    generic: Generic = Generic()
    ledger: Ledger = Ledger()

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
        return self.platforms.get(name, Platform()).enabled


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
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise InputError(f"{path}: there is no such config file") from e
    except OSError as e:
        raise InputError(f"{path}: cannot be read: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise InputError(f"{path}: is not UTF-8 text (byte {e.start}); save it as UTF-8") from e
    except tomllib.TOMLDecodeError as e:
        raise InputError(f"{path}: is not TOML: {e}") from e
    try:
        settings = Settings.model_validate(table)
    except pydantic.ValidationError as e:
        raise InputError("\n".join(f"{path.name}: {_explain(error)}" for error in e.errors())) from e
    _check_platforms(settings, path)
    low, high = settings.filter.review_at, settings.filter.remove_at
    if low is not None and high is not None and low > high:
        raise InputError(f"{path.name}: filter.review_at must not be above filter.remove_at, got {low} and {high}")
    return settings


def _check_platforms(settings: Settings, path: Path) -> None:
    adapters = {adapter.name: adapter for adapter in ADAPTERS}
    for name, platform in settings.platforms.items():
        if name not in adapters:
            raise InputError(f"{path.name}: platforms.{name} is not a known platform{_nearest(name, adapters)}")
        if platform.hosts and not adapters[name].federated:
            raise InputError(f"{path.name}: platforms.{name}.hosts: {adapters[name].title} has no servers but its own")
        _check_hosts(f"platforms.{name}.hosts", platform.hosts, path)
    _check_hosts("generic.hosts", settings.generic.hosts, path)


def _check_hosts(key: str, hosts: tuple[str, ...], path: Path) -> None:
    for host in hosts:
        bare = host.removeprefix("*.")
        if not bare or not all(c.isalnum() or c in ".-" for c in bare):
            raise InputError(f"{path.name}: {key} must be host names without scheme, port or path, got {host!r}")


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"


def _explain(error: Any) -> str:
    """One pydantic error as a sentence a person can act on."""
    key = ".".join(str(part) for part in error["loc"])
    got = f"got {error['input']!r}" if not isinstance(error["input"], dict) else "got a table"
    match error["type"]:
        case "extra_forbidden":
            tables: dict[str, type[_Table]] = {
                "filter": Filter,
                "platforms": Platform,
                "generic": Generic,
                "ledger": Ledger,
            }
            known = (Settings if len(error["loc"]) == 1 else tables[error["loc"][0]]).model_fields
            return f"{key} is not a known key{_nearest(str(error['loc'][-1]), known)}"
        case "greater_than_equal" | "less_than_equal" if isinstance(error["input"], int) and "ledger" in key:
            return f"{key} must be {error['msg'].removeprefix('Input should be ')}, {got}"
        case "int_type":
            return f"{key} must be a whole number, {got}"
        case "greater_than_equal" | "less_than_equal" | "finite_number":
            return f"{key} must be between 0 and 1, {got}"
        case "float_type":
            return f"{key} must be a number between 0 and 1, {got}"
        case "bool_type":
            return f"{key} must be true or false, {got}"
        case "literal_error":
            return f"{key} must be one of {', '.join(get_args(SpamAction))}, {got}"
        case "model_type" | "dict_type":
            return f"{key} must be a table, {got}"
        case "tuple_type":
            return f"{key} must be a list of host names, {got}"
        case "string_type":
            return f"{key} must be a text in quotes, {got}"
        case _:
            return f"{key}: {error['msg']}, {got}"
