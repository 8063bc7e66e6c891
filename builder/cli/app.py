"""The application: global options, and the outer frame that turns failures into exit codes."""

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from builder import config
from builder.cli.context import Context
from builder.cli.output import TerminalMonitor
from builder.errors import BuilderError, UsageError

_INTERRUPTED = 130
_COMMANDS = ("attach", "build", "doctor", "gc")
_GROUPS = (
    "builds",
    "host",
    "iso",
    "kickstart",
    "pipeline",
    "pool",
    "rehearsal",
    "template",
    "volume",
)
_MODULES = {"template": "template.commands"}
"""Of groups that have a folder instead of a file."""


def _application(argv: list[str]) -> typer.Typer:
    """Return the application with the command that is asked for; unless it is clear, with all."""
    app = typer.Typer(
        name="builder",
        help="Golden images of CentOS and its relatives, made by real unattended installs.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    names = (*_COMMANDS, *_GROUPS)
    for name in set(argv[:1]).intersection(names) or names:
        module = import_module(f"builder.cli.{_MODULES.get(name, name)}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command()(getattr(module, name))
    return app


def _say_version(asked: bool) -> None:
    if asked:
        # Imported late: it takes longer than all of our own that most commands need.
        print(f"builder {import_module('importlib.metadata').version('builder')}")  # noqa: T201
        raise typer.Exit


def _options(
    ctx: typer.Context,
    uri: Annotated[str | None, typer.Option(help="libvirt connection.", metavar="URI")] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", help="Settings file instead of builder.toml.")
    ] = None,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_say_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Resolve what all commands share."""
    settings = config.load(file=config_file, uri=uri)
    # What we make is readable by whoever runs guests, writable by nobody else, and what opens
    # something has a mode of its own: by what the place is for, not by the shell that we came from.
    umask = os.umask(0o022)
    monitor = TerminalMonitor(bars=sys.stderr.isatty())
    ctx.obj = Context(settings=settings, monitor=monitor, umask=umask)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with the exit code that the outcome has."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    code = run(argv)
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError):  # whoever read it has enough
            stream.flush()
    # Everything was released by its block: taking Python apart only takes time, a twentieth of
    # a short command's.
    os._exit(code)


def run(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    try:
        words = sys.argv[1:] if argv is None else argv
        code: int = _application(words)(words, standalone_mode=False) or 0
        # typer turns Ctrl-C into this code before we see it.
        return _stopped() if code == _INTERRUPTED else code
    except BuilderError as error:
        return _report(error)
    except typer.Abort:
        return _stopped()
    except typer.TyperException as error:
        return _misused(error.format_message())


def _misused(message: str) -> int:
    if message.startswith("Usage:"):  # nothing was asked for: this is the help
        print(message, file=sys.stderr)  # noqa: T201  # the last word
        return UsageError.exit_code
    return _report(UsageError(message, hint="--help lists what there is."))


def _report(error: BuilderError) -> int:
    print(f"error: {error.message}", file=sys.stderr)  # noqa: T201  # the last word
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)  # noqa: T201  # the last word
    return error.exit_code


def _stopped() -> int:
    print("interrupted: what was begun is cleaned up.", file=sys.stderr)  # noqa: T201  # the last word
    return _INTERRUPTED


def _interrupt(_signal: int, _frame: Any) -> None:  # noqa: ANN401  # the signal module's type
    # Once is enough: nothing may interrupt the cleaning up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    raise KeyboardInterrupt
