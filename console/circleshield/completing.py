"""What a shell may offer as the value of an option or argument, where click cannot know it."""

import click


def platforms(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The platforms' names as the ledger has them."""
    from circleshield_addon.adapters import ADAPTERS

    return sorted({a.platform for a in ADAPTERS if a.platform.startswith(incomplete)})


def config_keys(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The keys of the config file, those of platforms with their names."""
    from circleshield.config_file import TABLES
    from circleshield_addon.adapters import ADAPTERS
    from circleshield_addon.settings import Platform

    tables = [t for t in TABLES if t.header == t.example and not t.header.startswith("[[")]
    keys = [f"{table.header.strip('[]')}.{key.name}" for table in tables for key in table.keys]
    keys += [f"platforms.{adapter.name}.{key}" for adapter in ADAPTERS for key in Platform.model_fields]
    return [key for key in keys if key.startswith(incomplete)]


def model_versions(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The versions of the model in the home folder that is typed, or the user's; none where that is no folder."""
    from circleshield_model.versions import NAME, versions

    home = ctx.params["home"]
    return [version for version in (NAME, *versions(home)) if version.startswith(incomplete)] if home else []
