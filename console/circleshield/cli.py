"""The `circleshield` command: finds the command's module, and says errors in one line."""

import importlib
import os
import signal
import sys
import threading

import click
from click.shell_completion import CompletionItem

from circleshield_model.errors import InputError

_SOON = 0.05  # seconds, in which the callback is over
# Name -> one line of help. A command's module is only imported when it runs, so `--help` stays quick.
COMMANDS = {
    "adapters": "List the platforms; start an adapter, or learn one from a capture.",
    "allow-author": "Let all posts of an author through.",
    "backup": "Keep config, CA, ledger, samples and models in one file, and take them back.",
    "block-author": "Treat all posts of an author as sales posts.",
    "ca": "Show, renew or export the certificate authority that devices trust.",
    "classify": "Score lines of text.",
    "completion": "Print what a shell needs to complete commands by Tab.",
    "config": "Write, show, change or check the config file.",
    "demo": "Show the proxy at work on a small feed of its own.",
    "doctor": "Look at everything that can go wrong, and say the mend.",
    "evaluate": "Measure a model on labelled files.",
    "explain": "Say why a text scores as it does.",
    "export": "Write the ledger as JSON Lines or CSV.",
    "filter": "Treat a response body or a capture as the proxy would.",
    "forget": "Delete from the ledger.",
    "friends": "List the authors of sales posts, and whom to shield.",
    "label": "Label the posts that teach most, one key each.",
    "log": "Show what was taken out, and why.",
    "model": "List, compare and take back versions of your model.",
    "pair": "Let a phone see the review page.",
    "pause": "Let everything pass for a while.",
    "restore": "Let a removed post show again.",
    "resume": "End a pause.",
    "review": "Open the review page.",
    "run": "Run the proxy.",
    "samples": "Add, import, list and remove your own labelled posts.",
    "service": "Run the proxy in the background, from login or boot on.",
    "setup": "Show what to tap on a phone or computer, with QR codes; --remove undoes it.",
    "stats": "Count by day, platform, author and reason.",
    "status": "Show what the running proxy does.",
    "train": "Learn from your labels.",
    "tune": "Show what each cut-off would cost, and set it.",
    "wireguard": "Let devices in by WireGuard tunnel, each with a key of its own.",
}


class Commands(click.Group):
    """A group whose commands are imported by name, when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"circleshield.commands.{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as e:  # click looks for similar ones among those that are imported
            raise click.NoSuchCommand(e.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click has it, without importing every command for its line of help."""
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:  # while Tab completes a line
        from circleshield.welcome import versions

        click.echo(f"circleshield {versions()}")
        ctx.exit()


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True, help="Show the version and exit."
)
@click.pass_context
def circleshield(ctx: click.Context) -> None:
    """Takes micro-business sales posts out of your friends' feeds, on your own machine."""
    if ctx.invoked_subcommand is None:
        from circleshield.welcome import welcome

        click.echo(welcome())


def _sent_again(lost: "sys.UnraisableHookArgs") -> None:
    """Ends the command all the same when a signal came in a callback, out of which no exception gets."""
    if lost.exc_type is KeyboardInterrupt:
        threading.Timer(_SOON, os.kill, (os.getpid(), signal.SIGTERM)).start()
    else:
        sys.__unraisablehook__(lost)


def _need_text(arguments: list[str]) -> None:
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as e:  # bytes that the terminal or a file's name has from elsewhere
            raise InputError(f"{argument!a} is not UTF-8 text; type it anew, or rename the file") from e


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    # A pipe under LANG=C is ASCII otherwise. Whatever bytes a file's name has, an error can be said.
    for stream, errors in ((sys.stdin, "strict"), (sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        stream.reconfigure(encoding="utf-8", errors=errors)  # type: ignore[union-attr]
    # As Ctrl-C: the other processes of a training end too, and posts in temporary folders are deleted.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.unraisablehook = _sent_again
    try:
        try:
            _need_text(sys.argv[1:])
            sys.exit(circleshield.main(prog_name="circleshield", standalone_mode=False))
        finally:
            # Under `python -m`, an interrupt that left the exec of a text, as in an import, makes Python end by SIGINT
            # whatever the exit code, unless another text was executed since.
            exec("")
            sys.stdout.flush()
    except click.ClickException as e:
        e.show()
        sys.exit(e.exit_code)
    except (KeyboardInterrupt, click.Abort) as e:
        if isinstance(e, click.Abort) and not isinstance(e.__context__, KeyboardInterrupt):  # No was the answer
            click.echo("Aborted!", err=True)
            sys.exit(1)
        click.echo("circleshield: interrupted", err=True)
        sys.exit(130)
    except InputError as e:
        click.echo(f"circleshield: {e}", err=True)
        sys.exit(2)
    except BrokenPipeError:  # whoever read it, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
