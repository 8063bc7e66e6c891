"""Kill the runner of a pipeline at random moments, and run it again each time.

`.venv/bin/builder host run -- .venv/bin/python -m tests.e2e.night_soak --kills 20 --seed 1`

A night builds rehearsals side by side; another night has another hostname, so that all of them are
built anew. In each the runner is killed up to three times, alone, together with its builds'
processes, or one of these without it; then the pipeline is run until it is through. Each image must
have one new version then, of the same steps, packages and key as an undisturbed night's; no build
may be open, nothing may be left on the host. The seed is printed: it gives the same moments.
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
from builder.model.template import Manifest
from builder.monitor import SilentMonitor
from builder.record.listing import builds
from builder.record.runs import runs
from builder.registry.registry import LOCK, Registry, manifest
from tests.program import Program
from tests.waiting import PATIENCE

NAME = "soak"
IMAGES = {"rehearsal": "minimal", "rehearsal-tools": "tools"}
VICTIMS = ("runner", "all", "build")
_MOST_RUNS = 8


class Kill(msgspec.Struct, frozen=True):
    """Who dies, and how many seconds after the run began."""

    victim: str
    after: float


def main() -> None:
    """Have so many kills; leave with 1 when a night was not as it should be."""
    options = _options()
    with TemporaryDirectory(prefix="builder-night-", dir=options.folder) as name:
        place = Path(name)
        place.chmod(0o711)  # the hypervisor's own user must get through
        sys.exit(bool(_soak(_settings(place), options)))


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(prog="night_soak", description=__doc__)
    made.add_argument("--kills", type=int, default=20, help="how many in all")
    made.add_argument("--seed", type=int, default=time.time_ns() % 10**6, help="of the moments")
    made.add_argument("--parallel", type=int, default=2, help="builds at once")
    made.add_argument("--cache", type=Path, help="where rehearsal media may be already")
    made.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="with 5 GB free")  # noqa: S108  # of a name of its own in there
    return made.parse_args()


def _settings(place: Path) -> Settings:
    return config.load(
        iso_pool=f"{place.name}-iso",
        iso_pool_path=place / "iso",
        store_pool=f"{place.name}-store",
        store_pool_path=place / "store",
        artifacts=place / "artifacts",
        state=place / "state",
    )


def _soak(settings: Settings, options: argparse.Namespace) -> int:
    if options.cache:
        settings = msgspec.structs.replace(settings, cache=options.cache)
    chance = random.Random(options.seed)  # noqa: S311  # moments, not secrets
    place = settings.state.parent
    cli = Program(settings, place / "log")
    began = time.monotonic()
    code = _run(cli, _pipeline(place, 0, options.parallel), None)
    good, took = _newest(settings), time.monotonic() - began
    if code or set(good) != set(IMAGES):
        sys.exit(f"The undisturbed night failed:\n{cli.said()}")
    _say(f"seed {options.seed}; undisturbed: {took:.0f} s")
    kills, night, failed = 0, 0, 0
    while kills < options.kills:
        night += 1
        planned = [
            Kill(chance.choice(VICTIMS), chance.uniform(0, took))
            for _ in range(min(chance.randint(1, 3), options.kills - kills))
        ]
        kills += len(planned)
        before = _newest(settings)
        codes = _night(cli, _pipeline(place, night, options.parallel), planned)
        problems = tuple(_problems(settings, before, good, codes))
        failed += bool(problems)
        told = ", ".join(f"{each.victim} after {each.after:.0f} s" for each in planned)
        _say(f"{night}: {told}: {codes}: {'; '.join(problems) or 'as it should be'}")
        if problems:
            _say(cli.said())
    _say(f"{night - failed} of {night} nights, with {kills} kills, came out as undisturbed")
    return failed


def _pipeline(place: Path, night: int, parallel: int) -> Path:
    rows = "".join(f'[[build]]\nprofile = "{each}"\n' for each in IMAGES.values())
    path = place / f"{NAME}.toml"
    path.write_text(
        f'title = "Killed"\nparallel = {parallel}\n[defaults]\nrelease = "rehearsal"\n'
        f'[defaults.variables]\nhostname = "night{night}"\n{rows}'
    )
    return path


def _night(cli: Program, path: Path, kills: list[Kill]) -> list[int]:
    """Run it with the kills, then until it is through; return how each run ended."""
    codes = [_run(cli, path, kill) for kill in kills]
    while codes[-1] != 0 and len(codes) < len(kills) + _MOST_RUNS:
        codes.append(_run(cli, path, None))
    return codes


def _run(cli: Program, path: Path, kill: Kill | None) -> int:
    with cli.run("pipeline", "run", str(path)) as command:
        if kill:
            end = time.monotonic() + kill.after
            while time.monotonic() < end and command.poll() is None:
                time.sleep(0.01)
            if command.poll() is None:
                _kill(kill.victim, command)
        return command.wait(timeout=4 * PATIENCE)


def _kill(victim: str, command: "subprocess.Popen[bytes]") -> None:
    children = _children(command.pid)
    if victim == "build" and children:
        os.kill(children[-1], signal.SIGKILL)
        return
    command.kill()
    for pid in children if victim == "all" else ():
        os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    """Return the processes of its builds; the other child of a runner keeps multiprocessing's."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    words = {each: Path(f"/proc/{each}/cmdline").read_bytes() for each in found}
    return [int(each) for each, said in words.items() if b"spawn_main" in said]


def _newest(settings: Settings) -> dict[str, Manifest]:
    registry = Registry(settings.store_pool_path)
    newest = ((name, registry.newest(name)) for name in IMAGES)
    return {name: manifest(entry) for name, entry in newest if entry}


def _problems(
    settings: Settings, before: dict[str, Manifest], good: dict[str, Manifest], codes: list[int]
) -> Iterator[str]:
    if codes[-1]:
        yield f"it is not through after {len(codes)} runs"
        return
    now, registry = _newest(settings), Registry(settings.store_pool_path)
    for name in IMAGES:
        versions = [each.version for each in registry.versions(name)]
        if versions[-2:] != [before[name].version, now[name].version]:
            yield f"{name} has the versions {versions}, and had {before[name].version}"
        for key in ("packages", "system", "machine", "compression"):
            if getattr(now[name], key) != getattr(good[name], key):
                yield f"{key} of {name} is another than the undisturbed build's"
        if [each.step for each in now[name].steps] != [each.step for each in good[name].steps]:
            yield f"other steps of {name} than the undisturbed build's"
    for each in builds(settings.builds, monitor=SilentMonitor()):
        if each.state not in ("done", "cleared"):
            yield f"{each.record.build_id} is {each.state}"
    known = runs(settings.runs, NAME, monitor=SilentMonitor())
    if not known[-1].ended:
        yield "the last run's record has no end"
    yield from (f"left behind: {each}" for each in _left(settings))


def _left(settings: Settings) -> Iterator[str]:
    listed = ("virsh", "--quiet", "--connect", settings.uri, "list", "--all", "--name")
    domains = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    yield from (each for each in domains if each.startswith("builder-"))
    yield from (each.name for each in settings.iso_pool_path.iterdir() if each.suffix != ".iso")
    for each in settings.store_pool_path.iterdir():
        if not each.name.startswith((*IMAGES, LOCK)):
            yield each.name


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # its output is for people


if __name__ == "__main__":
    main()
