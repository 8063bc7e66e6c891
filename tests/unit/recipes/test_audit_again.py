"""An audit of a published image: what it does not look at, and what reads it."""

import pytest
from msgspec.structs import replace

from builder.model.audit import Finding
from builder.proof.audit.freed import NAME
from builder.recipes.audit import reader, unseen
from tests.values import KVM, machine, manifest

PASSED = Finding(check=NAME, says="nothing")
FAILED = Finding(check=NAME, says="nothing", details=("900 MiB",))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ((PASSED,), "On the disk that was installed it passed."),
        ((Finding(check=NAME, says="nothing", details=("x",), waived=True),), "it was waived."),
        ((FAILED,), "it did not pass."),
        ((), "it was not looked at either."),
    ],
)
def test_that_it_is_not_looked_at_is_said(build: tuple[Finding, ...], said: str) -> None:
    told = unseen((Finding(check="logs", says="empty"),), manifest(audit=build))
    assert told.startswith(f"{NAME} is not looked at: the image is compressed")
    assert told.endswith(said)


def test_what_was_looked_at_needs_no_word() -> None:
    assert unseen((PASSED,), manifest(audit=())) == ""


def test_a_host_without_secure_boot_and_tpm_can_read_the_disk_of_a_template_for_them() -> None:
    record = manifest(machine=machine(firmware="uefi", secure_boot=True, tpm=True))
    bare = replace(KVM, secure_boot=False, tpm=False)
    assert reader(record, bare, emulated_cpu="Nehalem").start == "uefi"
