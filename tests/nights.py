"""Records of many nights, as runs of two pipelines write them, for the report and for retention.

python -m tests.nights FOLDER [IMAGES NIGHTS]    # FOLDER is the state folder's runs/
"""

import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from builder.model.package import PackageChange
from builder.model.text import rfc3339
from builder.record.runs import Figures, Outcome, Pool, Run, Waiting, folder

LAST = datetime(2026, 11, 30, 2, 30, tzinfo=UTC)
"""When the last night began."""
NIGHTLY, GOLDEN = "nightly", "golden"
_RELEASES = ("rocky9", "alma9", "rocky8", "centos-stream9", "alma10", "oracle9", "centos7")
_PROFILES = ("", "-minimal", "-cloud", "-kvm-host", "-dvd", "-uefi")
_VENDORS = ("rocky", "alma", "oracle")
"""Who publish advisories."""
_NAMES = """kernel kernel-core kernel-modules glibc glibc-common openssl openssl-libs systemd bash
    curl libcurl sudo openssh openssh-server python3 python3-libs NetworkManager dracut rpm dnf
    selinux-policy krb5-libs libxml2 sqlite-libs expat vim-minimal tzdata ca-certificates"""
_PACKAGES = tuple(_NAMES.split())
_TROUBLES = (
    (5, "Cannot reach mirror.example: Connection timed out.", "Check the network of this host."),
    (5, "The mirror's repomd.xml is not what its signature is of.", "Try another mirror."),
    (4, "No space is left in /data_kvm/store.", "Make room: `df -h /data_kvm/store`."),
    (6, "Line 14 of the kickstart: unknown command 'autopartt'.", "Did you mean autopart?"),
    (7, "The installer could not install packages: nothing provides libfoo.", "Read its log."),
    (7, "The script in %post <section 2> ended with 127: foo: command not found & gone.", ""),
    (8, "The installation showed no sign of life for 15 minutes.", "Look at its last screen."),
    (9, "The audit found 2 things: host keys of SSH, a machine id.", "`builder builds show` it."),
    (1, "The process of the build ended by itself (exit code -9).", "`builder attach` it."),
)
"""Exit codes, errors and hints."""


class _Image:
    """What becomes of an image, night by night."""

    def __init__(self, number: int, *, nights: int, chance: random.Random, place: Path) -> None:
        release = _RELEASES[number % len(_RELEASES)]
        profile = _PROFILES[number // len(_RELEASES) % len(_PROFILES)]
        again = number // (len(_RELEASES) * len(_PROFILES))
        self.name = f"{release}{profile}{f'-{again}' if again else ''}"
        self.advisories = release.startswith(_VENDORS)
        self.joins, self.leaves = 0, nights
        if number % 10 == 7:
            self.joins = nights // 3
        if number % 10 == 8:
            self.leaves = nights * 2 // 3
        self._chance, self._place = chance, place
        self._trouble: tuple[int, str, str] | None = None
        self._known: Outcome | None = None
        self._size = chance.randrange(420, 1400) << 20
        self._seconds = chance.uniform(240, 1500)
        self._packages = chance.randrange(290, 720)
        self._releases = dict.fromkeys(_PACKAGES, 1)

    def night(self, began: datetime) -> Outcome:
        """Return what comes of it in the run that begins now."""
        chance = self._chance
        # Troubles come now and then, and stay for a while; one image is in trouble more often.
        if self._trouble and chance.random() < 0.6:
            self._trouble = None
        elif not self._trouble and chance.random() < 0.03:
            self._trouble = chance.choice(_TROUBLES)
        if self._trouble:
            return self._failed(began, *self._trouble)
        if self._known and chance.random() < 0.7:
            return self._kept(began, self._known)
        self._known = self._published(began)
        return self._known

    def _failed(self, began: datetime, code: int, error: str, hint: str) -> Outcome:
        attempts = 3 if code in (4, 5) else 1
        return Outcome(
            name=self.name,
            result="failed",
            seconds=round(self._chance.uniform(3, 900) * attempts, 2),
            folder="" if code == 6 else self._folder(began),
            error=error,
            hint=hint,
            exit_code=code,
            reason="kernel 5.14.0-611 → 5.14.0-633, and 13 more",
            attempts=attempts,
            began=rfc3339(began),
        )

    def _kept(self, began: datetime, known: Outcome) -> Outcome:
        updates = self._chance.choice((0, 0, 0, 2, 14))
        return msgspec.structs.replace(
            known,
            result="unchanged",
            seconds=round(self._chance.uniform(0.4, 4), 2),
            folder="",
            reason="Nothing in it has another version now.",
            attempts=1,
            began=rfc3339(began),
            changes=(),
            waiting=Waiting(
                updates=updates,
                security=updates // 2 if self.advisories else 0,
                important=updates // 4 if self.advisories else 0,
                advisories=self.advisories,
            ),
        )

    def _published(self, began: datetime) -> Outcome:
        changes = self._updates() if self._known else ()
        self._size = int(self._size * self._chance.uniform(0.985, 1.02))
        install = self._seconds * self._chance.uniform(0.9, 1.15)
        version = f"{began:%Y%m%d}.1"
        reason = f"{changes[0].name} {changes[0].before} → {changes[0].after}" if changes else ""
        more = f", and {len(changes) - 1} more" if len(changes) > 1 else ""
        return Outcome(
            name=self.name,
            result="published",
            seconds=round(install * 1.4, 2),
            version=version,
            path=f"/data_kvm/store/{self.name}-{version}.qcow2",
            folder=self._folder(began),
            sha256=f"{self._chance.getrandbits(256):064x}",
            reason=f"{reason}{more}" or "There is no template of it.",
            began=rfc3339(began),
            changes=changes,
            figures=Figures(
                size=self._size,
                virtual_size=10 << 30,
                install_seconds=round(install, 1),
                boot_seconds=round(self._chance.uniform(9, 30), 1),
                packages=self._packages,
                checks=64,
                passed=64,
            ),
            waiting=Waiting(advisories=self.advisories),
        )

    def _updates(self) -> tuple[PackageChange, ...]:
        names = sorted(self._chance.sample(_PACKAGES, self._chance.randrange(1, 16)))
        changes = []
        for name in names:
            before, after = (f"5.14.0-{self._releases[name] + more}.el9" for more in (0, 1))
            self._releases[name] += 1
            changes.append(PackageChange(name=name, arch="x86_64", before=before, after=after))
        return tuple(changes)

    def _folder(self, began: datetime) -> str:
        build_id = f"{began:%Y%m%dT%H%M%S}-{self._chance.getrandbits(32):08x}"
        return str(self._place.parent / "builds" / self.name / build_id)


def nights(
    place: Path, *, images: int = 30, nights: int = 90, seed: int = 19, last: datetime = LAST
) -> tuple[Run, ...]:
    """Write the records of so many nights below `place`, and return them, oldest first.

    Every fifth image is of a second pipeline. Some join or leave midway; one run was killed.
    """
    chance = random.Random(seed)  # noqa: S311  # the same each time
    known = [_Image(each, nights=nights, chance=chance, place=place) for each in range(images)]
    found = []
    for night in range(nights):
        there = [(at, each) for at, each in enumerate(known) if each.joins <= night < each.leaves]
        began = last - timedelta(days=nights - 1 - night, minutes=-chance.randrange(30))
        for pipeline in (NIGHTLY, GOLDEN):
            its = [each for at, each in there if (at % 5 == 4) == (pipeline == GOLDEN)]
            killed = pipeline == NIGHTLY and night == nights * 3 // 5
            if its:
                found.append(_run(pipeline, its, began, chance=chance, killed=killed))
    for run in found:
        _write(place, run)
    return tuple(sorted(found, key=lambda each: (each.began, each.run_id)))


def _run(
    pipeline: str, images: list[_Image], began: datetime, *, chance: random.Random, killed: bool
) -> Run:
    outcomes, now = [], began
    for image in images[: len(images) // 2] if killed else images:
        outcomes.append(image.night(now))
        now += timedelta(seconds=outcomes[-1].seconds / 2)
    return Run(
        run_id=f"{began:%Y%m%dT%H%M%S}-{chance.getrandbits(32):08x}",
        pipeline=pipeline,
        title={NIGHTLY: "Every image that lives", GOLDEN: "What is handed out"}[pipeline],
        jobs=tuple(each.name for each in images),
        began=rfc3339(began),
        ended="" if killed else rfc3339(now),
        outcomes=tuple(outcomes),
        pools=() if killed else _pools(began),
    )


def _pools(now: datetime) -> tuple[Pool, ...]:
    size, day = 500 << 30, (LAST - now).days % 30
    used = (180 + 4 * (30 - day)) << 30  # what is too old goes once a month
    store = Pool(name="store", path="/data_kvm/store", size=size, free=size - used, used=used)
    iso = Pool(name="iso", path="/data_kvm/iso", size=size, free=size - used, used=38 << 30)
    return (iso, store)


def _write(place: Path, run: Run) -> None:
    path = folder(place, run.pipeline) / f"{run.run_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")


if __name__ == "__main__":
    _images, _nights = map(int, (*sys.argv[2:], "30", "90")[:2])
    nights(Path(sys.argv[1]), images=_images, nights=_nights)
