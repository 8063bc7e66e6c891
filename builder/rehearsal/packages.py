"""The package repositories of the medium: Packages/ and repodata/, in each of its folders."""

import hashlib
import os
import random
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from builder import process
from builder.rehearsal import repodata
from builder.rehearsal.comps import Environment, Group, comps
from builder.rehearsal.layouts.layout import Layout

_FILLER_MIB = 64
_SECOND = ("htop", "qemu-guest-agent")
"""What is in AppStream, or in Minimal, where a medium has two repositories."""
ELSEWHERE = {
    "grub-efi-amd64-bin": ("grub2-efi-x64",),
    "grub-pc-bin": ("grub2-pc", "grub2-pc-modules"),
    "grub2-common": ("grub2-tools", "grub2-tools-minimal"),
    "initramfs-tools": ("dracut", "dracut-config-generic"),
    "iproute2": ("iproute",),
    "linux-image": ("kernel", "kernel-core"),
    "passwd": ("shadow-utils",),
    "procps": ("procps-ng",),
    "shim-signed": ("shim-x64",),
    "systemd-sysv": ("systemd", "rsyslog-logrotate", "logrotate"),
}
"""EL's names of what the base system has under others: one of its kickstarts may ask for them."""

Control = dict[str, str]


def add(layout: Layout, root: Path, system: Path) -> None:
    """Put the packages of the target system and their repodata into the medium's tree.

    Those of the base system are in the lists only: their files are in the payload.
    """
    controls = {
        file: repodata.parse_control(process.run(["dpkg-deb", "--field", file]).stdout)
        for file in sorted((system / "packages").glob("*.deb"))
    }
    base = _base(system / "tree", frozenset((system / "installed").read_text().split()))
    first, last = layout.repositories[0], layout.repositories[-1]
    for folder in layout.repositories:
        where = root / folder
        (where / "Packages").mkdir(parents=True)
        own = {
            file: control
            for file, control in controls.items()
            if folder == (last if control["Package"] in _SECOND else first)
        }
        offered = _offered(own, where, controls, base)
        listed = [*offered, *base.values()] if folder == first else offered
        _write_repodata(layout, where / "repodata", listed, base)


def _base(tree: Path, names: frozenset[str]) -> dict[str, repodata.Package]:
    status = (tree / "var/lib/dpkg/status").read_text(errors="replace")
    controls = (repodata.parse_control(text) for text in status.split("\n\n") if text.strip())
    found = {control["Package"]: control for control in controls}
    return {name: _in_the_payload(found[name]) for name in sorted(names & found.keys())}


def _in_the_payload(control: Control) -> repodata.Package:
    name = control["Package"]
    known = ELSEWHERE.get("linux-image" if name.startswith("linux-image-") else name, ())
    identity = f"{name} {control['Version']}"
    return repodata.Package(
        name=name,
        version=control["Version"],
        arch=control["Architecture"],
        summary=control.get("Description", ""),
        location=PurePosixPath("../images/payload.tar"),
        size=int(control.get("Installed-Size", "0")) * 1024,
        sha256=hashlib.sha256(identity.encode()).hexdigest(),
        provides=(*known, *_provided(control)),
    )


def _provided(control: Control) -> tuple[str, ...]:
    names = (each.split()[0] for each in control.get("Provides", "").split(",") if each.strip())
    return tuple(dict.fromkeys(names))


def _offered(
    own: Mapping[Path, Control],
    where: Path,
    controls: Mapping[Path, Control],
    base: Mapping[str, repodata.Package],
) -> list[repodata.Package]:
    offered = frozenset(control["Package"] for control in controls.values())
    described = []
    for file, control in own.items():
        os.link(file, where / "Packages" / file.name)
        needs = ", ".join(control.get(field, "") for field in ("Pre-Depends", "Depends"))
        wanted = repodata.requires(needs.strip(", "), base=frozenset(base), offered=offered)
        described.append(_describe(file, control, wanted))
    return described


def _describe(file: Path, control: Control, requires: tuple[str, ...]) -> repodata.Package:
    content = file.read_bytes()
    return repodata.Package(
        name=control["Package"],
        version=control["Version"],
        arch=control["Architecture"],
        summary=control.get("Description", ""),
        location=PurePosixPath("Packages") / file.name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        requires=requires,
        provides=_provided(control),
    )


def _write_repodata(
    layout: Layout,
    folder: Path,
    packages: Sequence[repodata.Package],
    base: Mapping[str, repodata.Package],
) -> None:
    folder.mkdir()
    primary = repodata.primary(packages)
    groups = comps(*_choices(layout, frozenset(package.name for package in packages), base))
    (folder / repodata.PRIMARY).write_bytes(primary)
    (folder / repodata.COMPS).write_bytes(groups)
    repomd = repodata.repomd(primary, groups, timestamp=layout.timestamp)
    (folder / "repomd.xml").write_bytes(repomd)


def _choices(
    layout: Layout, names: frozenset[str], base: Mapping[str, repodata.Package]
) -> tuple[list[Group], list[Environment]]:
    """Return what a repository of `names` offers to choose; the groups may be in several."""
    agents = tuple(sorted(names & {"qemu-guest-agent"}))
    groups = [Group(id="guest-agents", name="Guest Agents", mandatory=agents)] if agents else []
    if not base.keys() <= names:
        return groups, []
    tools = tuple(sorted(names & {"chrony", "curl", "less", "rsync", "tree"}))
    groups += [
        Group(id="core", name="Core", mandatory=tuple(base)),
        Group(id="base" if layout.family == "el7" else "standard", name="Standard", optional=tools),
    ]
    identifier = "minimal" if layout.family == "el7" else "minimal-environment"
    options = ("guest-agents", groups[-1].id)
    return groups, [
        Environment(id=identifier, name="Minimal Install", groups=("core",), options=options)
    ]


def pad(root: Path, size_mib: int, *, layout: Layout) -> None:
    """Fill Packages/ with files that do not compress until the tree is `size_mib` big."""
    folder = root / layout.repositories[0] / "Packages"
    present = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
    missing = size_mib - present // 2**20
    source = random.Random(size_mib)  # noqa: S311  # the same filler every time, nothing secret
    for number, done in enumerate(range(0, missing, _FILLER_MIB), start=1):
        name = f"rehearsal-filler-{number:03d}-1.0-1.{layout.family}.noarch.rpm"
        size = min(_FILLER_MIB, missing - done)
        with (folder / name).open("wb") as file:
            for _ in range(size):
                file.write(source.randbytes(2**20))
