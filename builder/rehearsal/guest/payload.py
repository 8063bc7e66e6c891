"""Puts the base system and the chosen packages onto the new file systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.software import Package

_ARCHIVE = "images/payload.tar"
_CONTENTS = "images/payload.contents"
_POLICY = "usr/sbin/policy-rc.d"
_RECORD = 2**20  # bytes that tar reads at once, and after which it tells where it is


@dataclass(frozen=True, kw_only=True)
class Base:
    """A package of the base system; the payload archive holds its files up to the byte `end`."""

    name: str
    end: int


def read_contents(root: Path) -> tuple[Base, ...]:
    """Return the packages of the payload archive, in the order in which they are unpacked.

    What belongs to no package is the last one, without a name.
    """
    lines = (line.partition("\t") for line in (root / _CONTENTS).read_text().splitlines())
    return tuple(Base(name=name, end=int(end)) for name, _, end in lines)


def install(root: Path, base: Sequence[Base], extra: Sequence[Package], runner: Runner) -> None:
    """Unpack the base system, package by package, then install the `extra` ones. Raises Failure."""
    named = [package for package in base if package.name]
    _unpack(root / _ARCHIVE, named, len(named) + len(extra), runner)
    if extra:
        _install_debs(root, extra, len(named), runner)


def _unpack(archive: Path, base: Sequence[Base], total: int, runner: Runner) -> None:
    tar: list[str | Path] = [
        "tar", "--extract", "--file", archive, "--directory", runner.sysroot, "--numeric-owner",
        "--same-permissions", f"--blocking-factor={_RECORD // 512}",
        "--checkpoint=1", "--checkpoint-action=echo=%u",
    ]  # fmt: skip
    shown = 0
    with runner.lines(*tar) as lines:
        for line in lines:
            record = line.rpartition(" ")[2].strip()
            if not record.isdecimal():
                runner.console.log(line.rstrip(), name="program")
                continue
            position = int(record) * _RECORD
            while shown < len(base) and (shown == 0 or base[shown - 1].end <= position):
                shown += 1
                _say(runner, base[shown - 1].name, shown, total)
    for number, package in enumerate(base[shown:], start=shown + 1):
        _say(runner, package.name, number, total)


def _say(runner: Runner, name: str, number: int, total: int) -> None:
    text = f"Installing {name} ({number}/{total})"
    runner.console.say(text, name="packaging", level="DEBUG")


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
    # apt and not dpkg, which does not put a package before those that need it to be unpacked.
    apt = [
        "apt-get",
        "--quiet",
        "--yes",
        "--no-install-recommends",
        "-o",
        "APT::Sandbox::User=root",
    ]
    with runner.lines("chroot", runner.sysroot, *apt, "install", *files) as lines:
        for line in lines:
            runner.console.log(line, name="packaging", level="DEBUG")
            if line.startswith("Unpacking "):
                number += 1
                _say(runner, line.split()[1].partition(":")[0], number, total)
    policy.unlink()
    runner.run("umount", media)
