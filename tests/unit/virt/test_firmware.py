"""What libvirt says of firmware and TPMs, as libvirt 9.0 of Debian 12 has said it."""

from pathlib import Path

import pytest

from builder.virt import capabilities, firmware

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(
    ("name", "uefi", "secure_boot", "tpm"),
    [
        ("debian12", True, True, True),
        # It says nothing of keys: a start does.
        ("debian12-no-enrolled-keys", True, True, True),
        ("debian12-no-secure-boot", True, False, True),
        ("debian12-no-swtpm", True, True, False),
    ],
)
def test_capabilities(name: str, *, uefi: bool, secure_boot: bool, tpm: bool) -> None:
    document = (DATA / f"domcapabilities-{name}.xml").read_text()
    found = capabilities.read(document, "qemu")
    assert (found.uefi, found.secure_boot, found.tpm) == (uefi, secure_boot, tpm)
    assert (found.virt_type, found.cpu, found.most_vcpus) == ("qemu", "", 288)
    assert capabilities.read(document, "kvm").cpu == "host-passthrough"


@pytest.mark.parametrize(
    ("said", "means", "hint"),
    [
        (
            "operation failed: Unable to find any firmware to satisfy 'efi'",
            "this host has no UEFI firmware like that",
            "edk2-ovmf (EL)",
        ),
        (
            "operation failed: Unable to find 'efi' firmware that is compatible with the current "
            "configuration",
            "this host has no UEFI firmware like that",
            '"enrolled-keys"',
        ),
        (
            "unsupported configuration: TPM version '2.0' is not supported",
            "this host emulates no TPM",
            "swtpm-tools",
        ),
        (
            "internal error: Could not run '/usr/bin/swtpm_setup'. exitstatus: 1; Check error log "
            "'/var/log/swtpm/libvirt/qemu/x-swtpm.log' for details.",
            "swtpm cannot make it a TPM",
            "/var/lib/swtpm-localca",
        ),
    ],
)
def test_refusals(said: str, means: str, hint: str) -> None:
    found = firmware.refusal("Cannot start the domain x", said)
    assert found is not None
    assert found.message == f"Cannot start the domain x: {means}."
    assert hint in found.hint
    assert firmware.refusal("x", "operation failed: domain is not running") is None
