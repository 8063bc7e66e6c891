"""Files that a pipeline names and that are not there: at night nobody could mend that."""

from collections.abc import Iterator
from pathlib import Path

from builder.paths.reading import is_there
from builder.pipeline.job import Pipeline


def missing(pipeline: Pipeline) -> tuple[str, ...]:
    """Return a sentence for each file that is named and not there, as far as we may look."""
    absent = {path: what for what, path in _named(pipeline) if not is_there(path)}
    return tuple(f"There is no file {path}, {what}." for path, what in absent.items())


def _named(pipeline: Pipeline) -> Iterator[tuple[str, Path]]:
    for job in pipeline.jobs:
        request = job.request
        if request.iso:
            yield f"the iso of {job.name}", request.iso
        if request.root_password_file:
            yield f"the root_password_file of {job.name}", request.root_password_file
    publish, notify = pipeline.publish, pipeline.notify
    if publish.sign:
        yield "the key to sign with", publish.sign
    if notify.command and "/" in notify.command[0]:
        yield "the command of [notify]", Path(notify.command[0])
    if notify.mail and notify.mail.password_file:
        yield "the password_file of [notify.mail]", notify.mail.password_file
    if notify.webhook and notify.webhook.token_file:
        yield "the token_file of [notify.webhook]", notify.webhook.token_file
