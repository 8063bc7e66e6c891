"""The rehearsal's initramfs: busybox, kernel modules and a script that finds stage 2."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from builder import process
from builder.errors import HostError

_INIT = Path(__file__).parent / "data" / "init"
_COMMANDS = (
    "cat", "cp", "dd", "echo", "findfs", "halt", "mkdir", "modprobe", "mount", "printf",
    "readlink", "sed", "sh", "sleep", "switch_root", "umount",
)  # fmt: skip

# What a machine may boot from, and what the scripts mount. xfs and vfat come as stage 2 mounts.
_MODULES = (
    "virtio_pci", "virtio_blk", "virtio_scsi", "virtio_console", "virtio_rng", "virtio_net",
    "ahci", "ata_piix", "sd_mod", "sr_mod", "nvme", "usb-storage", "uas", "xhci_pci", "ehci_pci",
    "isofs", "nls_utf8", "nls_cp437", "nls_ascii", "vfat", "squashfs", "loop", "overlay",
    "pvpanic", "pvpanic_pci", "i6300esb",
)  # fmt: skip
_STAGE2_MODULES = ("xfs", "ext4", "dm-mod", "efivarfs", "crc32c_intel", "crc32c_generic")


def build(installer: Path, folder: Path, *, product: str, family: str) -> Path:
    """Make the initramfs in `folder` from an installer system; return its file.

    It says that it loads `product`, and stage 2 speaks like the installer of `family`. `folder`
    also gets `modules`, the kernel modules of stage 2. Raises HostError.
    """
    root = folder / "initramfs"
    release = kernel_release(installer)
    for name in ("bin", "dev", "proc", "sys", "run", "sysroot"):
        (root / name).mkdir(parents=True)
    _copy_programs(installer / "tree", root)
    _copy_modules(installer, root, release, _MODULES)
    _copy_modules(installer, folder / "modules", release, _STAGE2_MODULES)
    (root / "etc").mkdir()
    (root / "etc/modules").write_text("".join(f"{name}\n" for name in _MODULES))
    (root / "etc/product").write_text(f"{product}\n")
    (root / "etc/family").write_text(f"{family}\n")
    shutil.copy(_INIT, root / "init")
    (root / "init").chmod(0o755)
    return _pack(root, folder / "initrd.img", _busybox(installer))


def _busybox(installer: Path) -> Path:
    """Return the installer's static busybox, whose cpio and depmod the host need not have."""
    return installer / "tree/usr/bin/busybox"


def kernel_release(installer: Path) -> str:
    """Return the release of the installer's kernel. Raises HostError."""
    found = sorted(path.name for path in (installer / "kernel" / "lib/modules").glob("*"))
    if not found:
        raise HostError("The distribution's kernel package holds no modules.")
    return found[-1]


def _copy_programs(tree: Path, root: Path) -> None:
    shutil.copy(tree / "usr/bin/busybox", root / "bin/busybox")
    for name in _COMMANDS:
        (root / "bin" / name).symlink_to("busybox")
    check = Path("/usr/bin/checkisomd5")
    shutil.copy(tree / str(check).lstrip("/"), root / "bin")
    listed = process.run(["chroot", tree, "ldd", check]).stdout
    for library in re.findall(r"(/\S+) \(", listed):
        where = root / library.lstrip("/")
        where.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / library.lstrip("/"), where)


def _copy_modules(installer: Path, root: Path, release: str, names: Iterable[str]) -> None:
    source = installer / "kernel/lib/modules" / release
    target = root / "lib/modules" / release
    for relative in sorted(_with_dependencies(installer, release, names)):
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / relative, target / relative)
    for name in ("modules.order", "modules.builtin"):
        shutil.copy(source / name, target / name)
    _unpack_modules(target)
    process.run([_busybox(installer), "depmod", "-b", root, release])


def _with_dependencies(installer: Path, release: str, names: Iterable[str]) -> set[str]:
    kernel = installer / "kernel"
    listed = kernel / "lib/modules" / release / "modules.dep"
    if not listed.exists():
        process.run([_busybox(installer), "depmod", "-b", kernel, release])
    depends = dict(line.split(":") for line in listed.read_text().splitlines())
    by_name = {_module_name(path): path for path in depends}
    wanted: set[str] = set()
    for name in names:
        path = by_name.get(name.replace("-", "_"))
        if path is not None:  # what is missing is built into this kernel
            wanted |= {path, *depends[path].split()}
    return wanted


def _module_name(path: str) -> str:
    return Path(path).name.partition(".")[0].replace("-", "_")


def _unpack_modules(folder: Path) -> None:
    # Newer distributions compress their modules in ways that busybox cannot read.
    for suffix, program in ((".xz", "xz"), (".zst", "zstd")):
        for module in sorted(folder.rglob(f"*.ko{suffix}")):
            process.run([program, "--decompress", "--quiet", module])
            module.unlink(missing_ok=True)


def _pack(root: Path, file: Path, busybox: Path) -> Path:
    pack = (
        'cd "$1" && find . -exec touch -h -d @0 {} + && find . -print0 | sort -z '
        '| "$3" cpio --null -o -H newc -R 0:0 --renumber-inodes --ignore-devno '
        '| gzip --no-name -6 >"$2"'
    )
    process.run(["bash", "-o", "pipefail", "-e", "-c", pack, "pack", root, file, busybox])
    return file
