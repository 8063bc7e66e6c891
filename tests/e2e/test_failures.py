"""Installations that fail: the right sentence, and nothing left behind."""

import re
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from attempts import carry_out, planned

from builder.errors import InstallError
from builder.hypervisor import Hypervisor
from builder.inputs import rendered
from builder.model.media import StagedIso
from builder.orders import Request, resolve
from builder.virt.domains import names

# Python's own reading of a file that the medium describes itself with then fails.
CRASH = """\
%pre
echo nonsense >/tmp/contents
mount --bind /tmp/contents /run/install/repo/images/payload.contents
%end
%packages
"""


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """How a kickstart is spoilt, and what comes of it."""

    spoil: Callable[[str], str]
    sentence: str
    waits: bool = False
    """The guest is still there, and has a screen."""
    stage: str = ""
    """Which section of the kickstart reported it."""


def instead_of_packages(text: str) -> Callable[[str], str]:
    return lambda good: good.replace("%packages\n", text)


FAILURES = {
    "syntax error": Failing(
        spoil=lambda good: good.replace("zerombr", "zerombrr"),
        sentence=r"The installer cannot read line \d+ of the kickstart",
        waits=True,
    ),
    "missing package": Failing(
        spoil=instead_of_packages("%packages\nnosuchpackage\n"),
        sentence="not on the medium: nosuchpackage",
        waits=True,
        stage="onerror",
    ),
    "failing %post": Failing(
        spoil=instead_of_packages("%post --erroronfail\nfalse\n%end\n%packages\n"),
        sentence=r"The kickstart script at line \d+ failed|reported a failure \(onerror\)",
        stage="onerror",
    ),
    "crash": Failing(
        spoil=instead_of_packages(CRASH),
        sentence=r"reported a failure \(traceback\)\. Its last line: ValueError: invalid literal",
        waits=True,
        stage="traceback",
    ),
    "no word of success": Failing(
        spoil=lambda good: good.replace('"result":"success"', '"result":"nothing"'),
        sentence="ended without saying that the installation succeeded",
    ),
}


@pytest.mark.parametrize("failing", FAILURES.values(), ids=FAILURES.keys())
def test_failure_is_named(
    hypervisor: Hypervisor, rehearsal: StagedIso, tmp_path: Path, failing: Failing
) -> None:
    nonce = secrets.token_hex(16)
    good = rendered(resolve(Request(release="rehearsal")), nonce=nonce).text
    bad = failing.spoil(good)
    assert bad != good

    with (
        planned(bad, nonce=nonce, on=hypervisor, iso=rehearsal, folder=tmp_path) as plan,
        pytest.raises(InstallError, match=failing.sentence) as failure,
    ):
        carry_out(plan, hypervisor)

    assert failure.value.exit_code == 7
    assert not [name for name in names(hypervisor.connection) if name.startswith("builder-")]
    assert (tmp_path / "console.log").stat().st_size > 0
    # A guest that has powered off shows nothing any more.
    assert bool(list(tmp_path.glob("screenshot.*"))) == failing.waits
    stages = re.findall(
        '"result":"failure","stage":"([a-z]+)"', (tmp_path / "result.log").read_text()
    )
    assert stages == ([failing.stage] if failing.stage else [])
    assert (tmp_path / "installer.log").is_file() == bool(failing.stage)
