"""What happened, in a sentence."""

from typing import Any

import pytest

from builder.dossier.verdict import verdict
from tests.values import build

CASES: list[tuple[str, dict[str, Any], tuple[str, str, str]]] = [
    ("done", {"version": "20261125.1"}, ("Published", "good", "centos7 20261125.1 is published.")),
    ("done", {}, ("Published", "good", "The build of centos7 is done.")),
    ("failed", {"error": "It broke."}, ("Failed", "bad", "It broke.")),
    ("failed", {}, ("Failed", "bad", "The build of centos7 failed.")),
    (
        "failed",
        {"step": "Staging x.iso"},
        ("Failed", "bad", "The build of centos7 failed while staging x.iso."),
    ),
    (
        "interrupted",
        {"step": "Installing", "error": "x"},
        ("Interrupted", "mute", "The build of centos7 was interrupted while installing."),
    ),
    ("stopped", {"step": "Installing", "error": "No."}, ("Stopped", "mute", "No.")),
    ("running", {"step": "Installing"}, ("Running", "open", "centos7 is being built.")),
    (
        "abandoned",
        {"step": "Installing"},
        (
            "Abandoned",
            "mute",
            "The process that built centos7 ended without a word while installing.",
        ),
    ),
    ("unknown", {}, ("Unknown", "mute", "Nothing is known of this build of centos7.")),
]


@pytest.mark.parametrize(("state", "content", "expected"), CASES)
def test_verdict(state: str, content: dict[str, Any], expected: tuple[str, str, str]) -> None:
    said = verdict(build(state, hint="Mend it.", **content), None)
    assert (said.label, said.tone, said.sentence) == expected
    attach = "`builder attach x` goes on with it; `builder gc` clears what it left."
    assert said.hint == (attach if state == "abandoned" else "Mend it.")
