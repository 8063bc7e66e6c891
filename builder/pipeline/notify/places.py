"""All places that a pipeline tells, and what each of them knows."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from builder import files
from builder.errors import BuilderError, ConfigError
from builder.monitor import Monitor
from builder.paths.reading import is_there, read_json
from builder.pipeline.job import Notify, Pipeline
from builder.pipeline.notify import command, mail, message, occasions, webhook
from builder.pipeline.notify.message import Message
from builder.pipeline.notify.occasions import News, Told
from builder.record.runs import Run

RECORD = "told"
"""A file among the records of the pipeline's runs, which end in .json."""
_LARGEST = 16 << 20


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where people are told."""

    name: Literal["command", "mail", "webhook"]
    what: str
    """For people; without what may be secret in it."""
    tell: Callable[[Message], None]
    """Raises BuilderError when the message was not delivered."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message."""

    place: str
    what: str
    error: str = ""
    """Empty when it was delivered."""
    hint: str = ""


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    schema: Literal[1] = 1
    places: dict[str, Told] = {}


def tell_of_run(
    run: Run,
    earlier: Sequence[Run],
    pipeline: Pipeline,
    *,
    folder: Path,
    report: str = "",
    monitor: Monitor,
) -> tuple[Delivery, ...]:
    """Tell each place what it does not know yet; return what became of the messages.

    `folder` is that of the pipeline's runs. What was delivered is recorded after that: a process
    that is killed in between tells it once more.
    """

    def found(told: Told) -> News:
        return occasions.news(run, earlier, told, on=pipeline.notify.on)

    def write(news: News) -> Message:
        return message.of_run(run, news, report=report)

    return _tell(pipeline, folder, found, write, monitor=monitor)


def tell_of_start(
    error: BuilderError, pipeline: Pipeline, *, folder: Path, monitor: Monitor
) -> tuple[Delivery, ...]:
    """Tell each place that a run could not begin, unless it knows that for this reason."""

    def found(told: Told) -> News:
        return occasions.not_begun(error, told, on=pipeline.notify.on)

    def write(news: News) -> Message:
        return message.of_start(pipeline.name, pipeline.title, news)

    return _tell(pipeline, folder, found, write, monitor=monitor)


def tell_a_trial(pipeline: Pipeline, *, monitor: Monitor) -> tuple[Delivery, ...]:
    """Send each place a message that says that it is a test; nothing is recorded."""
    text = message.trial(pipeline.name, pipeline.title)
    return tuple(_deliver(place, text) for place in places(pipeline, monitor=monitor))


def places(pipeline: Pipeline, *, monitor: Monitor) -> Iterator[Place]:
    """Yield where a pipeline tells what happens. Raises ConfigError for a webhook without a URL."""
    notify, folder = pipeline.notify, pipeline.source.parent
    if notify.command:
        yield Place(
            name="command",
            what=notify.command[0],
            tell=lambda text: command.tell(notify.command, text, folder=folder),
        )
    yield from _remote(notify, monitor)


def _remote(notify: Notify, monitor: Monitor) -> Iterator[Place]:
    if server := notify.mail:
        yield Place(
            name="mail",
            what=f"{', '.join(server.to)} by {server.server}",
            tell=lambda text: mail.tell(server, text, monitor=monitor),
        )
    if hook := notify.webhook:
        yield Place(
            name="webhook",
            what=webhook.shown(hook.url),
            tell=lambda text: webhook.tell(hook, text, monitor=monitor),
        )


def _tell(
    pipeline: Pipeline,
    folder: Path,
    found: Callable[[Told], News],
    write: Callable[[News], Message],
    *,
    monitor: Monitor,
) -> tuple[Delivery, ...]:
    known = _known(folder, monitor)
    done = list[Delivery]()
    for place in places(pipeline, monitor=monitor):
        news = found(known.get(place.name, Told()))
        if news.occasions:
            delivery = _deliver(place, write(news))
            done.append(delivery)
            if delivery.error:
                continue
        known |= {place.name: news.told}
        _keep(folder, known, monitor)  # at once: the next place may take minutes
    return tuple(done)


def _deliver(place: Place, text: Message) -> Delivery:
    try:
        place.tell(text)
    except BuilderError as error:
        return Delivery(place=place.name, what=place.what, error=error.message, hint=error.hint)
    return Delivery(place=place.name, what=place.what)


def _known(folder: Path, monitor: Monitor) -> dict[str, Told]:
    path = folder / RECORD
    if not is_there(path):
        return {}
    try:
        return read_json(path, _Record, limit=_LARGEST).places
    except ConfigError as error:
        monitor.tell("warning", f"{error.message} What was told already is told again.")
        return {}


def _keep(folder: Path, known: dict[str, Told], monitor: Monitor) -> None:
    data = msgspec.json.format(msgspec.json.encode(_Record(places=known)), indent=2) + b"\n"
    try:
        with files.writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with files.replacing(folder / RECORD, mode=0o600) as part:
            part.write_bytes(data)
    except BuilderError as error:
        monitor.tell("warning", f"{error.message} What was told may be told again.")
