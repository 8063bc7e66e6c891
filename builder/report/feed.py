"""feed.xml: an Atom entry (RFC 4287) for each image that failed, recovered or was published."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from builder.model.text import duration, ended, rfc3339
from builder.report import names
from builder.report.history import History, Image, Night, Pipeline, turns
from builder.report.words import changed, told

_ATOM = "http://www.w3.org/2005/Atom"
_ENTRIES = 100
"""Readers ask every hour, and keep what they have seen."""
_NAMESPACE = UUID("5d7e1d1c-7f0b-4c6e-9a39-2f6c0f0f7a19")
"""Of our ids, which are the same whenever the same records are read."""
Kind = Literal["failed", "recovered", "published"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an image's state."""

    pipeline: Pipeline
    image: Image
    night: Night
    kind: Kind

    @property
    def ended(self) -> datetime:
        """When its build was over, or its run began where that is not known."""
        return self.night.began + timedelta(seconds=self.night.seconds)

    @property
    def id(self) -> str:
        """The same for the same change, and for no other."""
        words = (self.pipeline.name, self.night.run.run_id, self.image.name)
        return uuid5(_NAMESPACE, "\n".join(words)).urn


def feed(history: History, *, identity: str, now: datetime) -> str:
    """Return the feed, newest entries first; its `identity` is for ever that of this report."""
    found = sorted(entries(history), key=lambda each: (each.ended, each.id), reverse=True)
    root = Element("feed", xmlns=_ATOM)
    SubElement(root, "id").text = identity
    SubElement(root, "title").text = "builder: images"
    SubElement(root, "updated").text = rfc3339(found[0].ended if found else now)
    SubElement(SubElement(root, "author"), "name").text = "builder"
    SubElement(root, "generator").text = "builder"
    SubElement(root, "link", rel="alternate", type="text/html", href=names.INDEX)
    for each in found[:_ENTRIES]:
        _add(root, each)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def entries(history: History) -> Iterable[Entry]:
    """Give the changes of state of all images."""
    for pipeline in history.pipelines:
        for image in pipeline.images:
            for before, night in turns(image):
                if kind := _kind(before, night):
                    yield Entry(pipeline=pipeline, image=image, night=night, kind=kind)


def _kind(before: Night | None, night: Night) -> Kind | None:
    if night.state == "failed":
        return None if before and before.state == "failed" else "failed"
    if before and before.state == "failed":
        return "recovered"
    return "published" if night.state == "published" else None


def _add(root: Element, each: Entry) -> None:
    entry = SubElement(root, "entry")
    SubElement(entry, "id").text = each.id
    SubElement(entry, "title").text = told(f"{each.image.name}: {_title(each)}")
    SubElement(entry, "updated").text = rfc3339(each.ended)
    page = f"{names.page_of(each.image.name)}#{names.anchor(each.night.run.run_id)}"
    SubElement(entry, "link", rel="alternate", type="text/html", href=page)
    SubElement(entry, "category", term=each.kind)
    SubElement(entry, "summary").text = _summary(each)


def _title(each: Entry) -> str:
    outcome = each.night.outcome
    version = f" {outcome.version}" if outcome and outcome.version else ""
    if each.kind == "recovered":
        return f"recovered{f', published{version}' if each.night.state == 'published' else ''}"
    return f"{each.kind}{version}"


def _summary(each: Entry) -> str:
    outcome = each.night.outcome
    if outcome is None:
        return ""
    took = f"In {each.pipeline.name}, {duration(each.night.seconds)}."
    said = [outcome.error, outcome.hint] if each.kind == "failed" else [changed(outcome)]
    return told(" ".join(map(ended, filter(None, [*said, outcome.reason, took]))))
