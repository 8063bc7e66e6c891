"""Kill builds, and libvirt under them, at random moments: `make soak`.

Each build of the rehearsal loses its command, libvirtd or both a few times, each time in a step
chosen by chance and somewhere in the middle of it; libvirtd comes back after 0 to 20 seconds. Then
`attach`, or now and then `gc`, until it is done. What is published must be what an undisturbed
build publishes; nothing may be left on the host, and no build may be lost. The seed is printed:
the same one gives the same moments. Needs root: libvirtd is one of its own, out of sight of others.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from builder import config
from builder.config import Settings
from builder.model.template import Manifest, StepTime
from builder.registry.registry import LOCK, Registry, manifest
from tests.program import BUILDER, Program
from tests.waiting import PATIENCE

# Nobody else's libvirt is to be seen, so that ours can be killed.
ALONE = (
    *("unshare", "--mount", "--propagation", "private", "sh", "-euc"),
    'mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /etc/libvirt; exec "$@"',
    "sh",
)
BUILD = ("build", "rehearsal", "--force")
ATTACH = ("attach", "rehearsal")
_INSIDE = "BUILDER_SOAK_INSIDE"
_AWAY_SECONDS = 20
_MOST_ATTEMPTS = 12
_GC = 0.3
_MARKS = ("phase: boot", "==> Auditing", "==> Compressing", "==> Booting", "==> Publishing")
"""The phase before boot, firmware, is told before there is a guest."""
_INSTALLED = ", its guest had begun"
_VICTIMS = ("command", "libvirtd", "both")


class Kill(msgspec.Struct, frozen=True):
    """Who dies, in which step, how long after its title was announced, and libvirtd's absence."""

    victim: str
    step: str
    after: float
    away: float
    gc: bool
    """Whether `builder gc` runs next, which must leave the build alone."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one build."""

    kills: tuple[Kill, ...]
    attempts: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float


def main() -> None:
    """Run the builds; leave with 1 when one of them was not as it should be."""
    options = _options()
    if _INSIDE not in os.environ:
        _go_inside()
    with TemporaryDirectory(prefix="builder-soak-", dir=options.folder) as name:
        place = Path(name)
        place.chmod(0o711)  # the hypervisor's own user must get through
        try:
            failed = _soak(_settings(place), options)
        finally:
            os.kill(_pid("libvirtd"), signal.SIGTERM)  # the last one is nobody's child
    sys.exit(bool(failed))


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="make soak", description=__doc__)
    made.add_argument("--builds", type=int, default=60, help="how many are disturbed")
    made.add_argument("--seed", type=int, default=time.time_ns() % 10**6, help="of the moments")
    made.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="with 3 GB free")  # noqa: S108  # of a name of its own in there
    made.add_argument("--log", type=Path, help="file for what became of each, a JSON object a line")
    return made.parse_args()


def _go_inside() -> None:
    os.environ[_INSIDE] = "1"
    again = [sys.executable, "-m", "tests.e2e.soak", *sys.argv[1:]]
    with TemporaryDirectory(prefix="builder-soak-state-") as state:
        environment = os.environ | {"BUILDER_STATE": state}
        words = [*ALONE, *BUILDER, "host", "run", "--", *again]
        sys.exit(subprocess.run(words, env=environment, check=False).returncode)


def _settings(place: Path) -> Settings:
    return config.load(
        iso_pool_path=place / "iso",
        store_pool_path=place / "store",
        artifacts=place / "artifacts",
        state=place / "state",
    )


def _soak(settings: Settings, options: argparse.Namespace) -> int:
    chance = random.Random(options.seed)  # noqa: S311  # moments, not secrets
    cli = Program(settings, settings.state.parent / "log")
    said = _attempt(cli, BUILD, [])
    good = _published(settings)
    if good is None:
        sys.exit(f"The undisturbed build failed:\n{said}\n{cli.said()}")
    _say(f"seed {options.seed}; undisturbed: {sum(each.seconds for each in good.steps):.0f} s")
    failed = 0
    for number in range(1, options.builds + 1):
        trial = _trial(cli, settings, good, _kills(chance, good.steps))
        failed += bool(trial.problems)
        _say(f"{number}: {trial.seconds:.0f} s, {'; '.join(trial.problems) or 'as it should be'}")
        if options.log:
            with options.log.open("ab") as log:
                log.write(msgspec.json.encode(trial) + b"\n")
    _say(f"{options.builds - failed} of {options.builds} builds came out as undisturbed")
    return failed


def _kills(chance: random.Random, steps: tuple[StepTime, ...]) -> tuple[Kill, ...]:
    """Choose one to three, in the order in which their steps come."""
    chosen = sorted(chance.choices(range(len(steps)), k=chance.randint(1, 3)))
    return tuple(
        Kill(
            victim=chance.choice(_VICTIMS),
            step=steps[each].step,
            after=chance.uniform(0, steps[each].seconds),
            away=chance.uniform(0, _AWAY_SECONDS),
            gc=chance.random() < _GC,
        )
        for each in chosen
    )


def _trial(cli: Program, settings: Settings, good: Manifest, kills: tuple[Kill, ...]) -> Trial:
    began = time.monotonic()
    before = _published(settings)
    left = list(kills)
    attempts = [_attempt(cli, BUILD, left)]
    while not _is_done(attempts[-1]) and len(attempts) < _MOST_ATTEMPTS:
        if any(each.gc for each in kills[: len(kills) - len(left)]):
            _attempt(cli, ("gc",), [])
        attempts.append(_attempt(cli, ATTACH if _may_go_on(attempts[-1]) else BUILD, left))
    _attempt(cli, ("gc",), [])  # what was killed before it had begun
    return Trial(
        kills=kills,
        attempts=tuple(attempts),
        problems=tuple(_problems(settings, before, good, attempts)),
        seconds=round(time.monotonic() - began, 1),
    )


def _is_done(attempt: str) -> bool:
    return attempt.startswith("0 ") or "has ended (done)" in attempt


def _may_go_on(attempt: str) -> bool:
    """Tell whether the end of an attempt leaves a build that can be joined."""
    return "killed" in attempt or "builder attach" in attempt


def _is_no_loss(attempt: str, before: str) -> bool:
    """Tell whether nothing was lost: gc may clear what had not begun to install."""
    cleared = "(cleared)" in attempt and _INSTALLED not in before
    new = "before it had begun" in attempt or "no build" in attempt
    return _may_go_on(attempt) or cleared or new


def _attempt(cli: Program, words: tuple[str, ...], kills: list[Kill]) -> str:
    """Run the command, and carry out those kills whose steps it comes to; return how it ended."""
    with cli.run(*words) as command:
        while kills and _comes_to(kills[0], cli, command):
            _wait(kills[0].after, command)
            if command.poll() is not None:
                break
            _kill(kills.pop(0), command)
        code = command.wait(timeout=4 * PATIENCE)
    said = cli.said()
    last = " ".join(said.strip().splitlines()[-3:])
    installed = _INSTALLED if any(mark in said for mark in _MARKS) else ""
    return f"{code} {words[0]}: {'killed' if code < 0 else last}{installed}"


def _comes_to(kill: Kill, cli: Program, command: "subprocess.Popen[bytes]") -> bool:
    while f"==> {kill.step}" not in cli.said():
        if command.poll() is not None:
            return False
        time.sleep(0.02)
    return True


def _wait(seconds: float, command: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and command.poll() is None:
        time.sleep(0.01)


def _kill(kill: Kill, command: "subprocess.Popen[bytes]") -> None:
    if kill.victim != "libvirtd":
        command.kill()
    if kill.victim != "command":
        os.kill(_pid("libvirtd"), signal.SIGKILL)
        time.sleep(kill.away)
        # In the place that the first one had: there it cannot see a /dev/kvm that does not work.
        inside = ["nsenter", "--mount", "--target", str(_pid("virtlogd"))]
        subprocess.run([*inside, "libvirtd", "--daemon"], check=True)


def _pid(daemon: str) -> int:
    known = [Path(f"/run{folder}/{daemon}.pid") for folder in ("", "/libvirt")]
    return next(int(path.read_text()) for path in known if path.exists())


def _problems(
    settings: Settings, before: Manifest | None, good: Manifest, attempts: list[str]
) -> Iterator[str]:
    made = _published(settings)
    if made is None or made == before:
        yield f"nothing was published: {attempts[-1]}"
        return
    for name in ("build_key", "packages", "system", "kickstart", "machine", "compression"):
        if getattr(made, name) != getattr(good, name):
            yield f"{name} is another than the undisturbed build's"
    if [each.step for each in made.steps] != [each.step for each in good.steps]:
        yield "other steps than the undisturbed build's"
    pairs = zip(["", *attempts], attempts, strict=False)
    lost = [each for before, each in pairs if not (_is_done(each) or _is_no_loss(each, before))]
    yield from (f"a build was lost: {each}" for each in lost)
    yield from (f"left behind: {each}" for each in _left(settings))


def _left(settings: Settings) -> Iterator[str]:
    listed = ("virsh", "--quiet", "--connect", settings.uri, "list", "--all", "--name")
    yield from subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    yield from (each.name for each in settings.iso_pool_path.iterdir() if each.suffix != ".iso")
    for each in settings.store_pool_path.iterdir():
        if not each.name.startswith(("rehearsal", LOCK)):
            yield each.name


def _published(settings: Settings) -> Manifest | None:
    newest = Registry(settings.store_pool_path).newest("rehearsal")
    return manifest(newest) if newest else None


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # its output is for people


if __name__ == "__main__":
    main()
