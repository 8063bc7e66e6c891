"""junit.xml: the newest run of each pipeline as a suite, as CI servers read it.

An image that was built or kept has passed, for there is a good template of it. One that was not
begun is skipped. One that was lost with its run has failed: a night that tells nothing of an image
is not to look green. Only what Jenkins' schema (junit-10.xsd of its xUnit plugin) knows is used.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from builder.model.text import rfc3339
from builder.report.history import History, Image, Night, Pipeline
from builder.report.words import STATES, told


def junit(history: History) -> str:
    """Return the file."""
    root = Element("testsuites", name="builder")
    suites = [_add(root, each) for each in history.pipelines]
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(root: Element, pipeline: Pipeline) -> Element:
    night = pipeline.nights[-1]
    cases = _cases(pipeline.images, night)
    states = [found.state for _image, found in cases]
    suite = SubElement(
        root,
        "testsuite",
        name=told(pipeline.name),
        tests=str(len(cases)),
        failures=str(states.count("failed") + states.count("lost")),
        errors="0",
        skipped=str(states.count("skipped") + states.count("open")),
        time=f"{night.seconds:.3f}",
        # The older schemas know no time zone.
        timestamp=rfc3339(night.began).rstrip("Z"),
    )
    for image, found in cases:
        _case(suite, pipeline, image, found)
    return suite


def _cases(images: Sequence[Image], night: Night) -> list[tuple[Image, Night]]:
    newest = [(image, image.nights[-1]) for image in images]
    return [(image, found) for image, found in newest if found.run is night.run]


def _case(suite: Element, pipeline: Pipeline, image: Image, night: Night) -> None:
    case = SubElement(
        suite,
        "testcase",
        name=told(image.name),
        classname=told(pipeline.name),
        time=f"{night.seconds:.3f}",
    )
    outcome = night.outcome
    if outcome and night.state == "failed":
        kind = f"exit code {outcome.exit_code}"
        failure = SubElement(case, "failure", message=told(outcome.error), type=kind)
        failure.text = told(f"{outcome.error} {outcome.hint}")
    elif night.state == "lost":
        SubElement(case, "failure", message="The run did not come to its end.", type="killed")
    elif outcome:
        said = f"{STATES[night.state]} {outcome.version} {outcome.reason}"
        SubElement(case, "system-out").text = told(said)
    else:
        SubElement(case, "skipped", message=STATES[night.state])
