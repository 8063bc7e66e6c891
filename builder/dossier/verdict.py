"""What happened, in one sentence."""

import shlex

import msgspec

from builder.model.template import Manifest
from builder.record.builds import ABANDONED, STOPPED, Build

_LABELS = {
    "done": "Published",
    "failed": "Failed",
    "interrupted": "Interrupted",
    "running": "Running",
    "stopped": "Stopped",
    "abandoned": "Abandoned",
    "cleared": "Cleared",
}
_TONES = {"done": "good", "failed": "bad", "running": "open"}
_SENTENCES = {
    "done": "The build of {name} is done.",
    "failed": "The build of {name} failed{where}.",
    "interrupted": "The build of {name} was interrupted{where}.",
    "running": "{name} is being built.",
    "stopped": "The build of {name} was stopped{where}.",
    "abandoned": "The process that built {name} ended without a word{where}.",
    "cleared": "The process that built {name} ended without a word, and was cleared up after.",
}


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a page."""

    label: str
    """One word for the state."""
    tone: str
    """How it is coloured: "good", "bad", "open" or "mute"."""
    sentence: str
    hint: str


def verdict(build: Build, manifest: Manifest | None) -> Verdict:
    """Say what became of a build."""
    return Verdict(
        label=_LABELS.get(build.state, "Unknown"),
        tone=_TONES.get(build.state, "mute"),
        sentence=_sentence(build, manifest),
        hint=_hint(build),
    )


def _hint(build: Build) -> str:
    if build.state == ABANDONED:
        attach = f"`builder attach {shlex.quote(build.record.build_id)}`"
        return f"{attach} goes on with it; `builder gc` clears what it left."
    return build.record.hint


def _sentence(build: Build, manifest: Manifest | None) -> str:
    record = build.record
    version = record.version or (manifest.version if manifest else "")
    if build.state == "done" and version:
        return f"{record.name} {version} is published."
    if build.state in ("failed", STOPPED) and record.error:
        return record.error
    plain = _SENTENCES.get(build.state, "Nothing is known of this build of {name}.")
    return plain.format(name=record.name, where=_where(record.step))


def _where(step: str) -> str:
    """Return " while installing" for the step "Installing"."""
    return f" while {step[:1].lower()}{step[1:]}" if step else ""
