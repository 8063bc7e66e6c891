"""Hand a template on: into a file of another format, checked, with its line in SHA256SUMS."""

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from builder import files
from builder.errors import BuilderError, TemplateError, UsageError
from builder.export import convert, formats, sums
from builder.export.formats import FORMATS, Format
from builder.export.needs import needs
from builder.export.order import Export, ExportOrder, ExportSource
from builder.model.template import Template
from builder.monitor import Monitor
from builder.paths import targets
from builder.registry.image import measure, refuse_parts
from builder.registry.reading import content
from builder.registry.registry import Registry, parsed, signatures

_ZLIB = ("-c", "-o", "compression_type=zlib")


def export(template: Template, order: ExportOrder, *, monitor: Monitor) -> Export:
    """Make what is wanted of the template; it appears under its name when it has been checked.

    Raises UsageError for a format that does not exist, and for a file that does unless it may be
    replaced; HostError when there is no room, TemplateError when the template is not what was
    published, needs other files, or was deleted or revoked meanwhile. Nothing is left then, but for
    an export that is whole and only lacks its line in SHA256SUMS.
    """
    form = formats.find(order.format)
    _refuse_needless(form, compat=order.compat)
    path = _path(template, form, order)
    with monitor.step(f"Exporting {template.name} {template.version} as {form.name}"):
        digest, needed = _make(template, form, path, compat=order.compat, monitor=monitor)
        _record(path, digest)
    return Export(
        template=template.name,
        version=template.version,
        format=form.name,
        path=path,
        size=path.stat().st_size,
        sha256=digest,
        needs=needed,
    )


def _record(path: Path, digest: str) -> None:
    try:
        sums.record(path, digest)
    except BuilderError as error:
        raise type(error)(
            f"{path} is whole, but has no line in {sums.NAME}: {error.message}",
            hint=f"`sha256sum -- {shlex.quote(path.name)}` in its folder prints that line.",
        ) from error
    except BaseException:
        path.unlink()
        raise


def _make(
    template: Template, form: Format, path: Path, *, compat: bool, monitor: Monitor
) -> tuple[str, str]:
    """Return the export's digest, and what its users must see to."""
    # Not readable for others: the image holds /etc/shadow.
    with (
        _as_it_was(template),
        _source(template, path, compat=compat, monitor=monitor) as source,
        files.replacing(path, mode=0o600) as part,
    ):
        form.write(source, part, name=path.name, monitor=monitor)
        digest = files.sha256(part, monitor=monitor)
        Registry(template.path.parent).find(f"{template.name}@{template.version}")
        return digest, needs(form.name, source.manifest.boots)


@contextmanager
def _as_it_was(template: Template) -> Iterator[None]:
    """Tell whoever fails because the template went meanwhile that this is why."""
    try:
        yield
    except (BuilderError, OSError) as error:
        if os.path.lexists(template.manifest):
            raise
        raise TemplateError(
            f"{template.name} {template.version} was deleted meanwhile.",
            hint=f"`builder template list {shlex.quote(template.name)}` shows which others there "
            "are.",
        ) from error


@contextmanager
def _source(
    template: Template, path: Path, *, compat: bool, monitor: Monitor
) -> Iterator[ExportSource]:
    refuse_parts(template)
    record, text = parsed(template)
    source = ExportSource(
        manifest=record, record=text, image=template.path, signatures=_signatures(template)
    )
    if files.sha256(template.path, monitor=monitor) != template.image.sha256:
        raise TemplateError(
            f"{template.path} has changed since it was published.",
            hint="Do not use it: take another version, or build it again with --force.",
        )
    if not compat:
        yield source
        return
    with files.scratch(path) as image:
        convert.convert(source, image, to="qcow2", options=_ZLIB, monitor=monitor)
        convert.compare(source, image, to="qcow2", monitor=monitor)
        if source.signatures:
            monitor.tell("warning", "The image of --compat is not the one that was signed.")
        record = msgspec.structs.replace(source.manifest, image=measure(image), compression="zlib")
        text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
        yield ExportSource(manifest=record, record=text, image=image)


def _signatures(template: Template) -> bytes:
    try:
        return content(signatures(template))
    except FileNotFoundError:
        return b""


def _refuse_needless(form: Format, *, compat: bool) -> None:
    if compat and not form.holds_qcow2:
        able = ", ".join(each.name for each in FORMATS if each.holds_qcow2)
        raise UsageError(
            f"--compat means nothing for {form.name}, in which there is no qcow2.",
            hint=f"Leave it out. It is for {able}.",
        )


def _path(template: Template, form: Format, order: ExportOrder) -> Path:
    usual = f"{template.name}-{template.version}{form.suffix}"
    path = targets.target(targets.inside(order.output, usual), force=order.force)
    sums.check(path)  # what is wrong with it is told before the work
    return path
