"""Entry of the installer: `python3 -m builder.rehearsal.guest MEDIA KICKSTART ACTION-FILE`.

It writes into ACTION-FILE what process 1 is to do with the machine in the end. What fails before
the kickstart is understood leaves no such file, and the machine running for ever, as Anaconda does.
"""

import sys
from pathlib import Path

from builder.rehearsal.guest import failing, install, scripts
from builder.rehearsal.guest.console import Console, opened
from builder.rehearsal.guest.family import FAMILIES
from builder.rehearsal.guest.kickstart import SyntaxFailure
from builder.rehearsal.guest.media import Media
from builder.rehearsal.guest.model import FinalAction
from builder.rehearsal.guest.programs import Runner

_PRODUCT, _FAMILY = Path("/run/install/product"), Path("/run/install/family")
_LOG = Path("/tmp/anaconda.log")  # noqa: S108  # where Anaconda has it


def main() -> int:
    """Install, and say in a file what becomes of the machine."""
    root, kickstart, action = (Path(argument) for argument in sys.argv[1:4])
    arguments = Path("/proc/cmdline").read_text()
    media = Media(
        root=root,
        kickstart=kickstart,
        kernel_arguments=arguments,
        product=_PRODUCT.read_text().strip(),
        family=FAMILIES[_FAMILY.read_text().strip()],
    )
    with opened(_LOG, tag="anaconda:" if media.family.dnf else "") as console:
        _greet(console, media)
        runner = Runner(console)
        try:
            order = install.read(media, runner)
            failing.warn(order, media, console)
        except SyntaxFailure as error:
            return failing.refuse(str(error), media, console)
        except scripts.ScriptFailure as error:
            return failing.before_all(error, media, console)
        action.write_text(order.final or FinalAction.REBOOT)
        return failing.guarded(order, media, runner)


def _greet(console: Console, media: Media) -> None:
    console.say(f"anaconda (builder rehearsal) 1 for {media.product} started.")
    console.say(" * installation log files are stored in /tmp during the installation")
    console.say(" * this is a rehearsal of an installation: nothing here is CentOS")


if __name__ == "__main__":
    sys.exit(main())
