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
from builder.cli.streams import guarded
from builder.errors import BuilderError, HostError, UsageError

_INTERRUPTED = 130
_LONGEST = 300
"""Characters that are shown of an error that nobody foresaw."""
_COMMANDS = ("attach", "build", "doctor", "gc", "init", "report")
_GROUPS = (
    "builds",
    "host",
    "iso",
    "kickstart",
    "pipeline",
    "pool",
    "rehearsal",
    "release",
    "template",
    "timer",
    "volume",
)
_MODULES = {"pipeline": "pipeline.commands", "template": "template.commands"}
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
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Settings, instead of ./builder.toml, ~/.config/builder/builder.toml or, "
            "for root, /etc/builder/builder.toml: the first that is there.",
        ),
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
    try:
        _mind(_interrupt)
        code = run(argv)
        _mind(signal.SIG_IGN)
    except KeyboardInterrupt:  # before the first line or after the last one of the command
        code = _stopped()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # whoever read it has enough; of a full disk `run` has told
            stream.flush()
    # Everything was released by its block: taking Python apart only takes time, a twentieth of
    # a short command's.
    os._exit(code)


def run(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    with guarded():
        try:
            return _run(sys.argv[1:] if argv is None else argv)
        except BuilderError as error:
            return _report(error)
        except (KeyboardInterrupt, typer.Abort):
            return _stopped()
        except typer.TyperException as error:
            return _misused(error.format_message())
        except Exception as error:
            return _report(_fault(error))


def _run(words: list[str]) -> int:
    try:
        code: int = _application(words)(words, standalone_mode=False) or 0
        sys.stdout.flush()
    except SystemExit as error:  # typer, when nobody reads what we print, or shells have asked
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    # typer turns Ctrl-C into this code before we see it.
    return _stopped() if code == _INTERRUPTED else code


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


def _fault(error: Exception) -> BuilderError:
    """Return what to say of an error that nobody foresaw; its traceback goes into a file."""
    if isinstance(error, FileNotFoundError) and not _here():
        return HostError(
            "The current folder does not exist any more.", hint="Go to another one: cd"
        )
    from tempfile import mkstemp
    from traceback import format_exc

    told, where = format_exc(), "its traceback is lost: TMPDIR cannot be written"
    with suppress(OSError):
        handle, path = mkstemp(prefix="builder-fault-", suffix=".txt")
        with os.fdopen(handle, "w", errors="backslashreplace") as file:
            file.write(told)
        where = f"attach {path}"
    said = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
    return BuilderError(
        f"builder met a fault of its own: {said}.", hint=f"Report it, please; {where}."
    )


def _here() -> bool:
    try:
        return bool(Path.cwd())
    except OSError:
        return False


def _stopped() -> int:
    print("interrupted", file=sys.stderr)  # noqa: T201  # the last word
    return _INTERRUPTED


def _interrupt(_signal: int, _frame: Any) -> None:  # noqa: ANN401  # the signal module's type
    # Once is enough: nothing may interrupt the cleaning up.
    _mind(lambda *_: None)
    raise KeyboardInterrupt


def _mind(handler: Any) -> None:  # noqa: ANN401  # the signal module's type
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)
