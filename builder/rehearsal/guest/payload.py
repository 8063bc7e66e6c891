"""Puts the base system and the chosen packages onto the new file systems."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.rehearsal.guest.console import Console
from builder.rehearsal.guest.family import Family
from builder.rehearsal.guest.programs import Runner
from builder.rehearsal.guest.repositories import Offer, Package

_ARCHIVE = "images/payload.tar"
_CONTENTS = "images/payload.contents"
_POLICY = "usr/sbin/policy-rc.d"
_ARCH = "x86_64"
_MANY = 12  # so many packages have one with a scriptlet that takes its time
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


def held(offer: Offer) -> frozenset[str]:
    """Return the packages that the payload brings, some of which have no file in it."""
    packages = offer.packages.values()
    return frozenset(each.name for each in packages if each.location.endswith(_ARCHIVE))


def install(
    root: Path,
    base: Sequence[Base],
    extra: Sequence[Package],
    runner: Runner,
    *,
    family: Family,
) -> None:
    """Unpack the base system, package by package, then install the `extra` ones. Raises Failure."""
    named = [package for package in base if package.name]
    teller = Teller(runner.console, family, total=len(named) + len(extra))
    teller.start()
    _unpack(root / _ARCHIVE, named, teller, runner)
    if extra:
        _install_debs(root, extra, teller, runner)
    teller.finish()


class Teller:
    """Tells of packages as the family's package manager does."""

    def __init__(self, console: Console, family: Family, *, total: int) -> None:
        self._console = console
        self._family = family
        self._total = total
        self._told: list[str] = []

    @property
    def told(self) -> int:
        """How many packages are installed, or are by the next line."""
        return len(self._told)

    def start(self) -> None:
        """Say that it begins, and that the packages are fetched, which a medium's are at once."""
        self._progress("Starting package installation process")
        if self._family.dnf:
            self._console.show("Downloading packages")
            self._log("Downloading packages finished.")
        self._progress("Preparing transaction from installation source")

    def installing(self, name: str) -> None:
        """Say that a package's turn has come."""
        self._told.append(name)
        count = f"({self.told}/{self._total})"
        if not self._family.dnf:
            text = f"Installing {name} {count}"
            self._console.say(text, name="packaging", level="DEBUG")
            return
        self._console.show(f"Installing {name}.{_ARCH} {count}")
        # The log has the finished package, with its time and its sum, and no count.
        self._log(f"Installed: {name}-1.0-1.{_ARCH} 0 {'0' * 64}")
        if not self._family.verifies and self.told % _MANY == 0:
            # From EL 10 on a scriptlet's turn comes between the packages.
            self._console.show(f"Configuring {name}.{_ARCH}")

    def finish(self) -> None:
        """Tell of what happens to all packages in the end."""
        if not self._family.dnf:
            return
        if self._family.verifies:
            self._console.show("Performing post-installation setup tasks")
            self._log("Post installation setup phase started.")
            for name in self._told[::_MANY]:
                self._console.show(f"Configuring {name}.{_ARCH}")
            for number, name in enumerate(self._told, start=1):
                self._log(f"Verifying: {name}-1.0-1.{_ARCH} 0 {'0' * 64}")
                self._console.show(f"Verifying {name}.{_ARCH} ({number}/{self._total})")

    def _progress(self, text: str) -> None:
        self._console.show(text)
        self._console.log(text, name="anaconda", part="progress")

    def _log(self, text: str) -> None:
        self._console.log(text, name="packaging")


def _unpack(archive: Path, base: Sequence[Base], teller: Teller, runner: Runner) -> None:
    tar: list[str | Path] = [
        "tar", "--extract", "--file", archive, "--directory", runner.sysroot, "--numeric-owner",
        "--same-permissions", f"--blocking-factor={_RECORD // 512}",
        "--checkpoint=1", "--checkpoint-action=echo=%u",
    ]  # fmt: skip
    with runner.lines(*tar) as lines:
        for line in lines:
            record = line.rpartition(" ")[2].strip()
            if not record.isdecimal():
                runner.console.log(line.rstrip(), name="program")
                continue
            position = int(record) * _RECORD
            while teller.told < len(base) and (
                not teller.told or base[teller.told - 1].end <= position
            ):
                teller.installing(base[teller.told].name)
    for package in base[teller.told :]:
        teller.installing(package.name)


def _install_debs(root: Path, extra: Sequence[Package], teller: Teller, runner: Runner) -> None:
    inside = Path("run/packages")
    media = runner.sysroot / inside
    media.mkdir(parents=True)
    runner.run("mount", "--bind", root, media)
    policy = runner.sysroot / _POLICY
    policy.write_text("#!/bin/sh\nexit 101\n")  # Debian's way to say: start no services
    policy.chmod(0o755)
    files = [Path("/") / inside / package.location for package in extra]
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
                teller.installing(line.split()[1].partition(":")[0])
    policy.unlink()
    runner.run("umount", media)
