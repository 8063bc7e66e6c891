"""Puts the base system and the chosen packages onto the new file systems."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.software import Package

_IMAGE = "images/payload.squashfs"
_CONTENTS = "images/payload.contents"
_MOUNTED = Path("/run/payload")
_POLICY = "usr/sbin/policy-rc.d"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A package of the base system and how many entries it has in the image."""

    name: str
    entries: int


def read_contents(root: Path) -> tuple[Base, ...]:
    """Return the packages of the payload image, in the order in which they are unpacked."""
    counts: dict[str, int] = {}
    for line in (root / _CONTENTS).read_text().splitlines():
        name = line.partition("\t")[0]
        counts[name] = counts.get(name, 0) + 1
    return tuple(Base(name=name, entries=count) for name, count in counts.items())


def install(root: Path, base: Sequence[Base], extra: Sequence[Package], runner: Runner) -> None:
    """Unpack the base system, package by package, then install the `extra` ones. Raises Failure."""
    named = [package for package in base if package.name]
    total = len(named) + len(extra)
    _unpack(root, base, total, runner)
    if extra:
        _install_debs(root, extra, len(named), runner)


def _unpack(root: Path, base: Sequence[Base], total: int, runner: Runner) -> None:
    names = Path("/run/payload.names")
    lines = (root / _CONTENTS).read_text().splitlines()
    names.write_text("".join(f"{line.partition(chr(9))[2]}\n" for line in lines))
    _MOUNTED.mkdir(exist_ok=True)
    runner.run("mount", "-o", "loop,ro", root / _IMAGE, _MOUNTED)
    copy = (
        f"tar --create --directory={_MOUNTED} --no-recursion --verbatim-files-from"
        f" --files-from={names}"
        f" | tar --extract --verbose --directory={runner.sysroot}"
        " --numeric-owner --same-permissions"
    )
    with runner.lines("bash", "-o", "pipefail", "-c", copy) as unpacked:
        _announce(unpacked, base, total, runner)
    runner.run("umount", _MOUNTED)


def _announce(unpacked: Iterator[str], base: Sequence[Base], total: int, runner: Runner) -> None:
    for number, package in enumerate(base, start=1):
        if package.name:
            _say(runner, package.name, number, total)
        for _ in range(package.entries):
            next(unpacked, None)
    for line in unpacked:
        runner.console.log(line, name="packaging", level="WARN")


def _say(runner: Runner, name: str, number: int, total: int) -> None:
    runner.console.progress(f"Installing {name} ({number}/{total})")


def _install_debs(root: Path, extra: Sequence[Package], done: int, runner: Runner) -> None:
    inside = Path("run/packages")
    media = runner.sysroot / inside
    media.mkdir(parents=True)
    runner.run("mount", "--bind", root, media)
    policy = runner.sysroot / _POLICY
    policy.write_text("#!/bin/sh\nexit 101\n")  # Debian's way to say: start no services
    policy.chmod(0o755)
    files = [Path("/") / inside / package.location for package in extra]
    total = done + len(extra)
    number = done
    with runner.lines("chroot", runner.sysroot, "dpkg", "--install", *files) as lines:
        for line in lines:
            runner.console.log(line, name="packaging", level="DEBUG")
            if line.startswith("Unpacking "):
                number += 1
                _say(runner, line.split()[1].partition(":")[0], number, total)
    policy.unlink()
    runner.run("umount", media)
