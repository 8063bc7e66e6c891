"""What a pipeline comes to, for people."""

import re
from collections.abc import Iterator

from msgspec.structs import replace

from builder.kickstart.masking import mask
from builder.pipeline.job import Job, Limits, Mail, Notify, Pipeline, Publish, Retry, Webhook

HEADER = ("TEMPLATE", "RELEASE", "PROFILE", "FIRMWARE", "MEDIUM", "VARIABLES", "REBUILD")


def public(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline as anybody may see it, whose output goes into logs."""
    notify = pipeline.notify
    if notify.webhook is None:
        return pipeline
    webhook = replace(notify.webhook, url=_server(notify.webhook.url))
    return replace(pipeline, notify=replace(notify, webhook=webhook))


def images(pipeline: Pipeline) -> list[tuple[str, ...]]:
    """Return one row for each image, to be laid out under HEADER."""
    return [_image(job) for job in pipeline.jobs]


def _image(job: Job) -> tuple[str, ...]:
    request = job.request
    firmware = request.firmware or ("uefi" if request.secure_boot else "bios")
    also = " secure-boot" * request.secure_boot + " tpm" * request.tpm
    return (
        job.name,
        request.release,
        request.profile,
        f"{firmware}{also}",
        job.medium,
        " ".join(mask(f"{name}={value}") for name, value in request.variables.items()),
        f"{job.rebuild}{f', {job.max_age_days} days' if job.max_age_days else ''}",
    )


def facts(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield what else there is to know, by its name."""
    yield "title", pipeline.title
    yield "file", str(pipeline.source)
    yield "limits", _limits(pipeline.limits)
    yield "retry", _retry(pipeline.retry)
    yield "publish", _publish(pipeline.publish)
    yield from _notify(pipeline.notify)


def _limits(limits: Limits) -> str:
    parts = [f"{limits.parallel} at once"]
    parts += [f"{limits.memory_mib} MiB"] * bool(limits.memory_mib)
    parts += [f"{limits.vcpus} processors"] * bool(limits.vcpus)
    parts += [f"{limits.disk_gib} GiB of disk"] * bool(limits.disk_gib)
    if limits.minutes:
        parts.append(f"none begins after {limits.minutes:g} minutes")
    if limits.build_minutes:
        parts.append(f"none takes more than {limits.build_minutes:g} minutes")
    return ", ".join(parts)


def _retry(retry: Retry) -> str:
    if not retry.times or not retry.on:
        return "never"
    return f"{', '.join(retry.on)}: {retry.times} times, after {retry.wait_minutes:g} minutes"


def _publish(publish: Publish) -> str:
    parts = []
    if publish.channel:
        runs = "each run" if publish.after == 1 else f"{publish.after} good runs"
        parts.append(f"to {publish.channel} after {runs}")
    if publish.keep:
        parts.append(f"keep {publish.keep} versions")
    if publish.export:
        parts.append(f"export {', '.join(publish.export)} to {publish.export_to}")
    if publish.sign:
        parts.append(f"sign with {publish.sign}")
    return "; ".join(parts) or "nothing"


def _notify(notify: Notify) -> Iterator[tuple[str, str]]:
    ways = [*_ways(notify)]
    yield "notify", f"on {', '.join(notify.on)}" if ways and notify.on else "nobody"
    yield from ways


def _ways(notify: Notify) -> Iterator[tuple[str, str]]:
    if notify.command:
        yield "command", mask(" ".join(notify.command))
    if notify.mail:
        yield "mail", _mail(notify.mail)
    if notify.webhook:
        yield "webhook", _webhook(notify.webhook)


def _mail(mail: Mail) -> str:
    security = "" if mail.security == "none" else f", {mail.security}"
    return f"{', '.join(mail.to)} by {mail.server}{security}"


def _webhook(webhook: Webhook) -> str:
    return f"{webhook.format} to {_server(webhook.url)}"


def _server(url: str) -> str:
    """Leave out the path and the query, which of some services are the secret."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0]}"
