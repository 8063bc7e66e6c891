"""What follows a run: templates promoted, exported and pruned, the report, and who is told."""

from msgspec.structs import replace

from builder.config import Settings
from builder.errors import BuilderError
from builder.monitor import Monitor, SilentMonitor
from builder.pipeline.job import Pipeline
from builder.pipeline.notify import places
from builder.pipeline.notify.places import Delivery
from builder.pipeline.publishing import publish
from builder.record import runs
from builder.record.runs import Run
from builder.report.names import INDEX
from builder.report.write import FOLDER, write


def follow_up(run: Run, pipeline: Pipeline, settings: Settings, *, monitor: Monitor) -> Run:
    """Do what the pipeline asks for at the end of a run; return its record with what failed of it.

    Each failure is told as a warning as well. That somebody could not be told is no failure of the
    run: the next one tries again.
    """
    earlier = _earlier(run, settings, monitor)
    trouble = publish(run, earlier, pipeline.publish, settings, monitor=monitor)
    run = replace(run, followed=True, trouble=(*run.trouble, *trouble))
    try:
        runs.amend(settings.runs, run)
    except BuilderError as error:
        monitor.tell("warning", error.message)
    report = _reported(settings, monitor)
    folder = runs.folder(settings.runs, pipeline.name)
    told = places.tell_of_run(run, earlier, pipeline, folder=folder, report=report, monitor=monitor)
    _warn(told, monitor)
    return run


def tell_of_start(
    error: BuilderError, pipeline: Pipeline, settings: Settings, *, monitor: Monitor
) -> None:
    """Tell whom the pipeline names that a run could not begin; what fails of it is a warning."""
    folder = runs.folder(settings.runs, pipeline.name)
    _warn(places.tell_of_start(error, pipeline, folder=folder, monitor=monitor), monitor)


def _reported(settings: Settings, monitor: Monitor) -> str:
    """Write the report anew; return where people find it, empty where it cannot be written."""
    folder = settings.state / FOLDER
    try:
        write(settings.runs, folder, monitor=SilentMonitor())
    except BuilderError as error:
        monitor.tell("warning", f"There is no new report: {error.message}")
        return ""
    return str(folder / INDEX)


def _earlier(run: Run, settings: Settings, monitor: Monitor) -> tuple[Run, ...]:
    try:
        found = runs.runs(settings.runs, run.pipeline, monitor=monitor)
    except BuilderError as error:
        monitor.tell("warning", f"{error.message} So earlier runs count as none.")
        return ()
    return tuple(each for each in found if each.run_id < run.run_id)


def _warn(told: tuple[Delivery, ...], monitor: Monitor) -> None:
    for each in told:
        if each.error:
            said = " ".join(filter(None, (each.error, each.hint)))
            monitor.tell("warning", f"not told by {each.place}: {said} The next run tries again.")
