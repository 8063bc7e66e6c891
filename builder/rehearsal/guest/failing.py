"""An installation, and how it ends where it cannot go on: each family in its own way."""

import time
import traceback
from pathlib import Path

from builder.rehearsal.guest import choosing, install, scripts
from builder.rehearsal.guest.console import Console
from builder.rehearsal.guest.kickstart import SyntaxFailure
from builder.rehearsal.guest.media import Media
from builder.rehearsal.guest.model import Failure, FinalAction, Order, ScriptKind
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.software import Missing

_CRASH = (
    "An unknown error has occured, look at the /tmp/anaconda-tb* file(s) for more details"
    "\n\n1) Report Bug\n2) Debug\n3) Run shell\n4) Quit\n"
)
_DONE = "Installation complete.  Press return to quit"
_END = "Installation complete. Press ENTER to quit"
_FATAL = (
    "The following error occurred while {}.  "
    "This is a fatal error and installation will be aborted."
)
_NON_INTERACTIVE = "Non interactive installation failed: "
_KINDS = (ScriptKind.ON_ERROR, ScriptKind.TRACEBACK)
_RULE = "=" * 80
_REFUSAL_WAIT = 10  # seconds until a kickstart that cannot be read ends the installer
_CMDLINE_WAIT = 180  # seconds that a failure stays on the screen in cmdline mode


def warn(order: Order, media: Media, console: Console) -> None:
    """Tell of the kickstart's warnings. Raises SyntaxFailure where inst.ksstrict forbids them."""
    if not order.warnings:
        return
    text = "\n".join(order.warnings)
    if media.family.dnf and "inst.ksstrict" in media.kernel_arguments.split():
        raise SyntaxFailure(text)
    console.say(f"\nSome warnings occurred during reading the kickstart file:\n{text}")


def refuse(text: str, media: Media, console: Console) -> int:
    """End as Anaconda of EL 8 and later does, whose kickstart knows no final action yet."""
    ending = (
        f"\nAn error occurred during reading the kickstart file:\n{text}\n\n"
        "The installer will now terminate."
    )
    if not media.family.dnf:
        console.say(ending)
        time.sleep(_REFUSAL_WAIT)
        return 1
    console.log(text, name="anaconda", level="ERR", part="kickstart.parsing")
    console.show(ending)
    return _nothing_follows()


def before_all(error: scripts.ScriptFailure, media: Media, console: Console) -> int:
    """Show that a %pre has failed: from EL 8 on there is no interface yet that could."""
    if not media.family.dnf:
        return _stop(str(error), console)
    console.show(
        "Traceback (most recent call last):\n"
        '  File "/sbin/anaconda", line 380, in <module>\n'
        "    startup_utils.run_pre_scripts(kspath)\n"
        "pyanaconda.errors.ScriptError"
    )
    return _nothing_follows()


def _nothing_follows() -> int:
    """Wait for ever: on genuine media not even a dead pane is seen then."""
    while True:
        time.sleep(3600)


def guarded(order: Order, media: Media, runner: Runner) -> int:
    """Install; return the exit code. A bug is shown as Anaconda shows one."""
    try:
        return _install(order, media, runner)
    except Exception:  # the outermost frame, which shows every bug as Anaconda does
        text = traceback.format_exc()
        Path("/tmp/anaconda-tb-1").write_text(text)  # noqa: S108  # where Anaconda has it
        runner.console.log(text, name="anaconda-tb", level="CRIT")
        kinds = _KINDS if media.family.dnf else (ScriptKind.TRACEBACK,)
        _quietly(order, kinds, runner)
        runner.console.show(text)
        runner.console.ask(f"{_CRASH}\nPlease make your choice from above:")
        return 1


def _install(order: Order, media: Media, runner: Runner) -> int:
    interactive = order.interactive and "inst.cmdline" not in media.kernel_arguments.split()
    try:
        choices = choosing.choose(order, media, runner)
        install.carry_out(order, choices, media, runner)
    except Failure as error:
        if media.family.dnf:
            return _fail_by_exception(error, order, runner, interactive=interactive)
        return _fail(error, order, runner, interactive=interactive)
    if order.final in (None, FinalAction.HALT):
        runner.console.ask(_END if media.family.dnf else _DONE)
    return 0


def _fail(error: Failure, order: Order, runner: Runner, *, interactive: bool) -> int:
    console = runner.console
    text = str(error)
    _quietly(order, (ScriptKind.ON_ERROR,), runner)
    if isinstance(error, scripts.ScriptFailure):
        _stop(text, console)
    elif not interactive:
        _terminate(text, console)
        time.sleep(_CMDLINE_WAIT)
    elif isinstance(error, Missing):
        _question(text, console)
    elif isinstance(error, choosing.Incomplete):
        _hub(error, console)
    else:
        _stop(f"{_FATAL.format('installing')}\n\n{text}", console)
    return 1


def _fail_by_exception(error: Failure, order: Order, runner: Runner, *, interactive: bool) -> int:
    """Fail as from EL 8 on: the exception that ends all runs %onerror and %traceback alike.

    Where a person is asked first, they run after the answer.
    """
    console = runner.console
    text = str(error)
    if isinstance(error, scripts.ScriptFailure):
        _stop(text, console)
    elif isinstance(error, choosing.Incomplete) and interactive:
        _hub(error, console)
    elif not interactive:
        prefix = "" if isinstance(error, choosing.Incomplete) else _NON_INTERACTIVE
        _terminate(f"{prefix}{text}", console)
    elif isinstance(error, Missing):
        _question(text, console)
    else:
        _stop(f"{_FATAL.format('installing the payload')}\n\n{text}", console)
    _quietly(order, _KINDS, runner)
    if not interactive:
        time.sleep(_CMDLINE_WAIT)
    return 1


def _stop(text: str, console: Console) -> int:
    """Show an error that ends everything; in cmdline mode Anaconda waits here as well."""
    console.say(f"{_RULE}\n{_RULE}\nError\n\n{text}")
    console.ask("\nPress ENTER to exit:")
    return 1


def _hub(error: choosing.Incomplete, console: Console) -> None:
    if isinstance(error, choosing.NoSource):
        console.say(
            " 3) [!] Installation source               4) [!] Software selection\n"
            "        (Error setting up software               (Installation source not set\n"
            "        source)                                  up)"
        )
    console.say(str(error))
    console.ask(
        "  Please make your choice from above ['q' to quit | 'b' to begin installation |\n"
        "  'r' to refresh]:"
    )


def _terminate(text: str, console: Console) -> None:
    console.say(
        "The installation was stopped due to an error which occurred while running in "
        "non-interactive cmdline mode. Since there cannot be any questions in cmdline mode, "
        "edit your kickstart file and retry installation.\n"
        f"The exact error message is:\n\n{text}\n\nThe installer will now terminate."
    )


def _question(text: str, console: Console) -> None:
    console.say(
        f"{_RULE}\n{_RULE}\nQuestion\n\n{text}\n\n"
        "Would you like to ignore this and continue with installation?"
    )
    while console.ask("Please respond 'yes' or 'no':") != "no":
        console.say("A rehearsal cannot go on without it.")


def _quietly(order: Order, kinds: tuple[ScriptKind, ...], runner: Runner) -> None:
    try:
        scripts.run([script for script in order.scripts if script.kind in kinds], runner)
    except scripts.ScriptFailure as error:
        runner.console.log(str(error), name="anaconda", level="ERR")
