"""`circleshield completion`: the script by which a shell completes commands."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete commands, options and platforms by Tab.

    \b
    bash: circleshield completion bash >> ~/.bashrc
    zsh:  circleshield completion zsh >> ~/.zshrc        (after the line with compinit)
    fish: circleshield completion fish > ~/.config/fish/completions/circleshield.fish
    """  # noqa: D301  # the backspace keeps click from joining the lines
    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "circleshield", "_CIRCLESHIELD_COMPLETE").source()
    # click's script for fish ends a line of help at its first comma.
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))
