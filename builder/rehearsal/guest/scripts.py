"""Runs the scripts of a kickstart."""

from collections.abc import Iterable
from pathlib import Path

from builder.rehearsal.guest.model import Failure, Script, ScriptKind
from builder.rehearsal.guest.programs import Runner


class ScriptFailure(Failure):
    """A script with --erroronfail failed."""


def run(scripts: Iterable[Script], runner: Runner) -> None:
    """Run `scripts` in their order. Raises ScriptFailure at the first fatal one."""
    for number, script in enumerate(scripts, start=1):
        code, log = _run(script, number, runner)
        if not code:
            continue
        text = f"Error code {code} running the kickstart script at line {script.line}"
        runner.console.log(text, name="anaconda", level="ERR", part="kickstart.script")
        if script.error_on_fail:
            raise ScriptFailure(_fatal(script, log))


def _run(script: Script, number: int, runner: Runner) -> tuple[int, Path]:
    root = runner.sysroot if _is_inside(script) else Path("/")
    name = f"ks-script-{script.kind.value.lstrip('%')}-{number}"
    file = root / "tmp" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(script.text)
    file.chmod(0o700)
    log = root / script.log.lstrip("/") if script.log else Path("/tmp") / f"{name}.log"  # noqa: S108
    argv = [*script.interpreter.split(), f"/tmp/{name}"]  # noqa: S108  # where Anaconda puts them
    if _is_inside(script):
        argv = ["chroot", str(runner.sysroot), *argv]
    try:
        return runner.script(argv, log=log), log
    finally:
        file.unlink(missing_ok=True)


def _is_inside(script: Script) -> bool:
    return script.chroot and script.kind is ScriptKind.POST


def _fatal(script: Script, log: Path) -> str:
    details = log.read_text(errors="replace").strip()
    return (
        f"There was an error running the kickstart script at line {script.line}.  "
        "This is a fatal error and installation will be aborted.  "
        f"The details of this error are:\n\n{details}"
    )
