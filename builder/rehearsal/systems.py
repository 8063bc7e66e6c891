"""The two Debian systems of a rehearsal, made by mmdebstrap and kept in the cache."""

import hashlib
import shlex
import shutil
from pathlib import Path

import msgspec

from builder import process
from builder.errors import HostError
from builder.rehearsal.distribution import Distribution

_EXCLUDED = (
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/lib/grub/x86_64-efi/monolithic/*",
    "/usr/lib/udev/hwdb.d/*",
)
_OFFERED = ("chrony", "curl", "htop", "less", "qemu-guest-agent", "rsync", "tree", "xfsprogs")
"""Packages on the medium beyond the base system."""

_MERGED_USR = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"
_DATA = Path(__file__).parent / "data"


class System(msgspec.Struct, frozen=True, kw_only=True):
    """A system to make; `setup` is a script in data/, completed by `arguments`."""

    name: str
    packages: tuple[str, ...]
    setup: str
    arguments: tuple[str, ...]


def target(distribution: Distribution) -> System:
    """Return the system that gets installed."""
    return System(
        name="target",
        packages=(
            distribution.target_kernel, "dosfstools", "e2fsprogs", "fdisk", "grub-efi-amd64-bin",
            "grub-efi-amd64-signed", "grub-pc-bin", "grub2-common", "initramfs-tools", "iproute2",
            "kmod", "lvm2", "netbase", "openssh-server", "shim-signed", "sudo", "systemd-resolved",
            "systemd-sysv", "tzdata", "udev", "zstd",
        ),
        setup="target.sh",
        arguments=_OFFERED,
    )  # fmt: skip


def installer(distribution: Distribution) -> System:
    """Return the system that installs: stage 2."""
    return System(
        name="installer",
        packages=(
            "busybox-static", "dosfstools", "e2fsprogs", "fdisk", "isomd5sum", "kmod", "lvm2",
            "python3", "xfsprogs",
        ),
        setup="installer.sh",
        arguments=(distribution.installer_kernel,),
    )  # fmt: skip


def ensure(system: System, distribution: Distribution, cache: Path) -> Path:
    """Return the folder of a system, made now unless the cache has it: `tree` and side products.

    The cache key covers what we ask for, not what the distribution has published since: clear the
    cache for newer packages. Raises HostError.
    """
    script = (_DATA / system.setup).read_text()
    wanted = msgspec.json.encode([system, script, distribution.suite, _EXCLUDED])
    final = cache / f"{system.name}-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if final.is_dir():
        return final
    partial = cache / f"{final.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        _bootstrap(system, distribution, partial)
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _bootstrap(system: System, distribution: Distribution, folder: Path) -> None:
    # The kernel's package would otherwise make an initramfs that we throw away.
    done = process.run(_command(system, distribution, folder), env={"INITRD": "No"}, check=False)
    if not done.returncode:
        return
    said = [line for line in done.stderr.splitlines() if line.startswith(("E:", "Err:"))]
    raise HostError(
        f"mmdebstrap cannot make the rehearsal's {system.name} system: "
        f"{said[0] if said else process.failure(done).message}",
        hint="See that `apt-get update` works on this host and that the disk has 2 GiB free.",
    )


def _command(system: System, distribution: Distribution, folder: Path) -> list[str | Path]:
    setup = shlex.join(["sh", str(_DATA / system.setup)])
    output = shlex.join([str(folder), *system.arguments])
    return [
        "mmdebstrap", "--quiet", "--variant=minbase",
        "--dpkgopt=force-unsafe-io",
        # Else a package that merges /usr after the fact brings the whole of perl along.
        f"--hook-dir={_MERGED_USR}",
        *(f"--dpkgopt=path-exclude={path}" for path in _EXCLUDED),
        f"--include={','.join(system.packages)}",
        f'--customize-hook={setup} "$1" {output}',
        distribution.suite, folder / "tree", *distribution.sources,
    ]  # fmt: skip
