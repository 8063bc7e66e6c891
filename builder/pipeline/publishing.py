"""What becomes of templates at the end of a run: channels, old versions, exports.

One that fails is a sentence, and the others go on: no build is any the worse for it.
"""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from builder import files
from builder.config import Settings
from builder.errors import BuilderError, ConfigError
from builder.export import run as exports
from builder.export.formats import find
from builder.export.order import ExportOrder
from builder.host import libvirtd
from builder.host import pools as host_pools
from builder.model.text import unbroken
from builder.monitor import Monitor
from builder.pipeline.job import Publish
from builder.record.runs import Outcome, Run
from builder.registry import channels, ledger, removal
from builder.registry.registry import Registry
from builder.registry.removal import StorePool
from builder.virt import pools


def publish(
    run: Run, earlier: Sequence[Run], wanted: Publish, settings: Settings, *, monitor: Monitor
) -> tuple[str, ...]:
    """Promote, prune and export what the run built or kept; return what failed, told already.

    `earlier` are the runs before it, oldest first.
    """
    good = [each for each in run.outcomes if each.result != "failed"]
    trouble = list[str]()
    if not good or not (wanted.channel or wanted.keep or wanted.export):
        return ()
    with _noted("Nothing was done with the templates", trouble, monitor):
        registry = Registry(host_pools.folder(settings, "store_pool", monitor=monitor))
        for each in good:
            if wanted.channel and successes(each.name, (*earlier, run)) >= wanted.after:
                with _noted(f"{each.name} was not promoted", trouble, monitor):
                    _promote(each, wanted.channel, registry, monitor)
        for each in good:
            due = replace(wanted, export=tuple(_due(each, wanted.export, earlier)))
            _export(each, due, registry, trouble=trouble, monitor=monitor)
        many = [each.name for each in good if len(registry.versions(each.name)) > wanted.keep]
        if wanted.keep and many:
            _prune(many, wanted.keep, settings, trouble=trouble, monitor=monitor)
    return tuple(trouble)


def successes(name: str, runs: Sequence[Run]) -> int:
    """Return in how many runs to the last one an image was published or kept, without a failure.

    Runs without it, because they were killed or did not want it, count neither way.
    """
    outcomes = [each for run in runs for each in run.outcomes if each.name == name]
    results = [each.result for each in reversed(outcomes)]
    return results.index("failed") if "failed" in results else len(results)


@contextmanager
def _noted(what: str, trouble: list[str], monitor: Monitor) -> Iterator[None]:
    """Keep why something failed, and go on."""
    try:
        yield
    except (BuilderError, OSError) as error:
        why = f"{error.message} {error.hint}" if isinstance(error, BuilderError) else f"{error}."
        said = unbroken(f"{what}: {why}")
        monitor.tell("warning", said)
        trouble.append(said)


def _promote(outcome: Outcome, channel: str, registry: Registry, monitor: Monitor) -> None:
    name, version = outcome.name, outcome.version
    known = registry.known(name)
    before = known.channels.get(channel, "")
    if before == version:
        return
    had = {each.after for each in known.history if each.channel == channel}
    if before and ledger.order(before) > ledger.order(version):
        monitor.tell("note", f"{name}@{channel} stays at {before}, which is newer than {version}")
    elif version in had:
        # Somebody has taken it back, and tonight nobody has looked whether it is better now.
        monitor.tell("note", f"{name}@{channel} stays at {before or 'none'}: it had {version}")
    else:
        channels.promote(registry, f"{name}@{version}", to=channel)
        monitor.tell("note", f"{name}@{channel}: {f'{before} -> ' if before else ''}{version}")


def _prune(
    names: Sequence[str], keep: int, settings: Settings, *, trouble: list[str], monitor: Monitor
) -> None:
    with (
        _noted("Old versions stay", trouble, monitor),
        libvirtd.opened(settings.uri, monitor=monitor) as connection,
    ):
        pool = pools.start(connection, settings.store_pool)
        store = StorePool(pool=pool, connection=connection, builds=settings.builds)
        for name in names:
            with _noted(f"Old versions of {name} stay", trouble, monitor):
                found = removal.prune(store, name, keep=keep, dry_run=False, monitor=monitor)
                for each in found[: max(len(found) - keep, 0)]:  # oldest first
                    fate = f"stays: {'; '.join(each.kept)}" if each.kept else "is removed"
                    monitor.tell("note", f"{name} {each.version} {fate}")


def _due(outcome: Outcome, forms: Sequence[str], earlier: Sequence[Run]) -> Iterator[str]:
    """Yield the formats of what is new, and those that the last run with it has left undone."""
    same = (outcome.name, outcome.version)
    had = [run for run in earlier if same in {(each.name, each.version) for each in run.outcomes}]
    for form in forms:
        if outcome.result == "published" or (had and _left(had[-1], _unexported(outcome, form))):
            yield form


def _left(run: Run, what: str) -> bool:
    """Tell whether it failed then, or nothing followed the builds, for the run was cut short.

    Once it was done the files are people's, who may have moved them.
    """
    return not run.followed or any(each.startswith(f"{what}: ") for each in run.trouble)


def _unexported(outcome: Outcome, form: str) -> str:
    return unbroken(f"{outcome.name} was not exported as {form}")


def _export(
    outcome: Outcome, wanted: Publish, registry: Registry, *, trouble: list[str], monitor: Monitor
) -> None:
    for form in wanted.export:
        with _noted(_unexported(outcome, form), trouble, monitor):
            _exported(f"{outcome.name}@{outcome.version}", form, wanted, registry, monitor)


def _exported(word: str, form: str, wanted: Publish, registry: Registry, monitor: Monitor) -> None:
    suffix = find(form).suffix
    if wanted.export_to is None:
        raise ConfigError("No folder is set for exports.", hint="publish.export_to names one.")
    folder = _folder(wanted.export_to)
    template = registry.find(word)
    path = folder / f"{template.name}-{template.version}{suffix}"
    if path.is_file():  # a name that exists means a file that is whole
        monitor.tell("note", f"{path} is there already")
        return
    order = ExportOrder(format=form, output=folder)
    try:
        made = exports.export(template, order, monitor=monitor)
    except BuilderError as error:
        again = (
            f"`builder template export {shlex.quote(word)} --format {shlex.quote(form)} "
            f"--output {shlex.quote(str(folder))}` tries again."
        )
        error.hint = f"{error.hint} {again}".strip()
        raise
    monitor.tell("note", f"{made.path} is written")


def _folder(path: Path) -> Path:
    """Make the folder, and none above it: that may be the place of a disk that is not mounted."""
    with files.writing(path.parent, hint="Make the folder of exports, or mount its disk."):
        path.mkdir(exist_ok=True)
    return path
