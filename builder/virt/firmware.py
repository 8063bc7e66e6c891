"""What guests need to start by more than BIOS, and how libvirt says that it is not there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from builder.errors import HostError
from builder.virt.connection import plain

OVMF = "Install ovmf (Debian) or edk2-ovmf (EL)."
SWTPM = "Install swtpm and swtpm-tools (Debian, EL), and restart libvirtd."
"""It looks for the user that swtpm runs as when it starts itself, and takes root where none is."""
_KEYS = (
    f"{OVMF} Secure Boot is for files in /usr/share/qemu/firmware whose features have "
    '"enrolled-keys"; one of the same name in /etc/qemu/firmware hides them.'
)

# As libvirt 9.0 says it when a domain starts, and later ones when it is defined.
_CAUSES = (
    (
        r"any firmware to satisfy|firmware that is compatible with the current configuration",
        "this host has no UEFI firmware like that",
        _KEYS,
    ),
    (
        r"Could not run '\S*swtpm_setup'",
        "swtpm cannot make it a TPM",
        "Its log is in /var/log/swtpm/libvirt/qemu. /var/lib/swtpm-localca, with all in it, must "
        "belong to the user that swtpm runs as: tss or swtpm, after a restart of libvirtd.",
    ),
    (r"TPM version '\S+' is not supported", "this host emulates no TPM", SWTPM),
)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Raise HostError(`what`: why) in the block for what libvirt says of firmware and TPMs."""
    try:
        yield
    except libvirt.libvirtError as error:
        if found := refusal(what, plain(error)):
            raise found from error
        raise


def refusal(what: str, said: str) -> HostError | None:
    """Return what to raise for libvirt's text `said`; None where it is of something else."""
    for words, means, hint in _CAUSES:
        if re.search(words, said):
            return HostError(f"{what}: {means}.", hint=hint)
    return None
