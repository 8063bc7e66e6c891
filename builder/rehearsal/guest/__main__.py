"""Entry of the installer: `python3 -m builder.rehearsal.guest MEDIA KICKSTART ACTION-FILE`.

It writes into ACTION-FILE what process 1 is to do with the machine in the end. What fails before
the kickstart is understood leaves no such file, and the machine running for ever, as Anaconda does.
"""

import sys
import time
import traceback
from pathlib import Path

from builder.rehearsal.guest import install, scripts
from builder.rehearsal.guest.console import Console, opened
from builder.rehearsal.guest.kickstart import SyntaxFailure
from builder.rehearsal.guest.model import Failure, FinalAction, Order, ScriptKind
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.software import Missing

_PRODUCT = Path("/run/install/product")
_LOG = Path("/tmp/anaconda.log")  # noqa: S108  # where Anaconda has it
_CRASH = (
    "An unknown error has occured, look at the /tmp/anaconda-tb* file(s) for more details"
    "\n\n1) Report Bug\n2) Debug\n3) Run shell\n4) Quit\n"
)
_DONE = "Installation complete.  Press return to quit"
_CMDLINE_WAIT = 180  # seconds that a failure stays on the screen in cmdline mode


def main() -> int:
    """Install, and say in a file what becomes of the machine."""
    root, kickstart, action = (Path(argument) for argument in sys.argv[1:4])
    arguments = Path("/proc/cmdline").read_text()
    media = install.Media(
        root=root,
        kickstart=kickstart,
        kernel_arguments=arguments,
        product=_PRODUCT.read_text().strip(),
    )
    with opened(_LOG) as console:
        _greet(console, media)
        runner = Runner(console)
        try:
            order = install.read(media, runner)
        except (SyntaxFailure, Failure) as error:
            console.say(str(error))
            return 1
        action.write_text(order.final or FinalAction.REBOOT)
        return _guarded(order, media, runner)


def _greet(console: Console, media: install.Media) -> None:
    console.say(f"anaconda (builder rehearsal) 1 for {media.product} started.")
    console.say(" * installation log files are stored in /tmp during the installation")
    console.say(" * this is a rehearsal of an installation: nothing here is CentOS")


def _guarded(order: Order, media: install.Media, runner: Runner) -> int:
    try:
        return _install(order, media, runner)
    except Exception:  # the outermost frame, which shows every bug as Anaconda does
        text = traceback.format_exc()
        Path("/tmp/anaconda-tb-1").write_text(text)  # noqa: S108  # where Anaconda has it
        runner.console.log(text, name="anaconda-tb", level="CRIT")
        _quietly(order, ScriptKind.TRACEBACK, runner)
        sys.stdout.write(text)
        runner.console.ask(f"{_CRASH}\nPlease make your choice from above:")
        return 1


def _install(order: Order, media: install.Media, runner: Runner) -> int:
    interactive = order.interactive and "inst.cmdline" not in media.kernel_arguments.split()
    try:
        choices = install.choose(order, media, runner)
        install.carry_out(order, choices, media, runner)
    except Failure as error:
        return _fail(error, order, runner, interactive=interactive)
    if order.final in (None, FinalAction.HALT):
        runner.console.ask(_DONE)
    return 0


def _fail(error: Failure, order: Order, runner: Runner, *, interactive: bool) -> int:
    console = runner.console
    text = str(error)
    if isinstance(error, scripts.ScriptFailure):
        console.say(text)
        _quietly(order, ScriptKind.ON_ERROR, runner)
        return 1
    _quietly(order, ScriptKind.ON_ERROR, runner)
    if not interactive:
        _terminate(text, console)
    elif isinstance(error, Missing):
        _question(text, console)
    elif isinstance(error, install.Incomplete):
        console.say(text)
        console.ask("Please make your choice from above ['q' to quit]:")
    else:
        console.say(
            "The following error occurred while installing.  "
            f"This is a fatal error and installation will be aborted.\n\n{text}"
        )
        console.ask("Press ENTER to exit:")
    return 1


def _terminate(text: str, console: Console) -> None:
    console.say(
        "The installation was stopped due to an error which occurred while running in "
        "non-interactive cmdline mode. Since there cannot be any questions in cmdline mode, "
        "edit your kickstart file and retry installation.\n"
        f"The exact error message is:\n\n{text}\n\nThe installer will now terminate."
    )
    time.sleep(_CMDLINE_WAIT)


def _question(text: str, console: Console) -> None:
    console.say(f"Question\n\n{text}\n\nIgnore this and continue with the installation?")
    while console.ask("Please respond 'yes' or 'no':") != "no":
        console.say("A rehearsal cannot go on without it.")


def _quietly(order: Order, kind: ScriptKind, runner: Runner) -> None:
    try:
        scripts.run(order.scripts_of(kind), runner)
    except scripts.ScriptFailure as error:
        runner.console.log(str(error), name="anaconda", level="ERR")


if __name__ == "__main__":
    sys.exit(main())
