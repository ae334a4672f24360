"""What a wrong verdict costs, as options of the commands that weigh them."""

from collections.abc import Callable

import click

_COSTS = (
    ("--cost-lost", 10.0, "What a friend's post costs that is removed."),
    ("--cost-missed", 1.0, "What an advertisement costs that is shown."),
    ("--cost-review", 0.2, "What a post costs that is put up for review."),
)


def cost_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds `--cost-lost`, `--cost-missed` and `--cost-review`."""
    for name, default, text in reversed(_COSTS):
        command = click.option(name, type=click.FloatRange(0), default=default, show_default=True, help=text)(command)
    return command
