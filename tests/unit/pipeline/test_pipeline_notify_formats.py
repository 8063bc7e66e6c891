"""What messages look like: to people, and to each service."""

import json
import socket
from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from builder.errors import ConfigError, HostError
from builder.pipeline.job import Webhook
from builder.pipeline.notify import webhook
from builder.pipeline.notify.message import Message, of_run, of_start, trial
from builder.pipeline.notify.occasions import Told, key, news, not_begun
from builder.record.runs import Outcome, Run
from tests.values import Golden

FORMATS = ("json", "slack", "teams", "matrix")


def image(name: str, result: str, **more: object) -> Outcome:
    version = "" if result == "failed" else "20261130.1"
    given = {"name": name, "result": result, "seconds": 61.5, "version": version, **more}
    return msgspec.convert(given, Outcome)


def change(name: str, before: str, after: str) -> dict[str, str]:
    return {"name": name, "arch": "x86_64", "before": before, "after": after}


BROKEN = image(
    "rocky9-web",
    "failed",
    error="The guest crashed: <kernel> *panic* & _more_.",
    hint="Look at the screen: `builder builds show rocky9-web`.",
    exit_code=7,
    folder="/var/lib/builder/builds/rocky9-web/20261130T023000-0a1b2c3d",
    attempts=2,
)
STILL = image("centos7", "failed", error="It took longer than 90 min.", exit_code=8)
FRESH = image(
    "rocky9",
    "published",
    reason="kernel 5.14.0-611 → 5.14.0-633, and 4 more",
    changes=[
        change("kernel", "5.14.0-611", "5.14.0-633"),
        change("nano", "", "5.6.1-7.el9"),
        change("vim-minimal", "8.2.2637", ""),
        change("zlib", "1", "2"),
        change("zstd", "1", "2"),
    ],
)
WELL = image("alma9", "unchanged", reason="nothing in it has changed")
OUTCOMES = (BROKEN, STILL, FRESH, WELL)
TOLD = Told(failures={"centos7": (key(STILL),), "alma9": ("7 x",)}, run_id="20261129T023000-0")


def run(outcomes: Sequence[Outcome] = OUTCOMES) -> Run:
    return Run(
        run_id="20261130T023000-01234567",
        pipeline="nightly",
        title="Every EL that lives",
        jobs=tuple(each.name for each in outcomes),
        began="2026-11-30T02:30:00Z",
        ended="2026-11-30T03:35:05Z",
        outcomes=tuple(outcomes),
    )


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "kvm1")


def about(found: Run, told: Told = TOLD, *, report: str = "") -> Message:
    said = news(found, (), told, on=("failure", "recovery", "change"))
    return of_run(found, said, report=report)


def test_text_for_people(golden: Golden) -> None:
    told = about(run(), report="/var/lib/builder/report/index.html")
    golden("pipeline/notify.txt", f"{told.subject}\n\n{told.text}")


@pytest.mark.parametrize("form", FORMATS)
def test_formats(golden: Golden, form: str) -> None:
    hook = msgspec.convert({"url": "https://hooks.example/x", "format": form}, Webhook)
    _url, sent = webhook.request(hook, about(run()))
    golden(f"pipeline/notify-{form}.json", json.dumps(json.loads(sent.data), indent=2) + "\n")


@pytest.mark.parametrize(
    ("outcomes", "told", "subject"),
    [
        ((BROKEN,), TOLD, "1 of 1 image failed in nightly"),
        ((BROKEN, STILL), TOLD, "2 of 2 images failed in nightly"),
        ((WELL,), TOLD, "alma9 is well again in nightly"),
        ((FRESH,), TOLD, "1 of 1 image published in nightly"),
        ((BROKEN, WELL), TOLD, "1 of 2 images failed, alma9 is well again in nightly"),
        ((WELL,), Told(failures={"": ("4 x",)}), "nightly begins again"),
    ],
)
def test_subjects(outcomes: tuple[Outcome, ...], told: Told, subject: str) -> None:
    assert about(run(outcomes), told).subject == f"builder: {subject} on kvm1"


def test_what_failed_after_the_builds_is_in_it() -> None:
    found = about(replace(run((FRESH,)), trouble=("rocky9 was not promoted: no.",)))
    assert found.subject == (
        "builder: what follows the builds failed, 1 published in nightly on kvm1"
    )
    assert found.text.splitlines()[0] == "rocky9 was not promoted: no."
    assert found.occasions == ("failure", "change")


def test_a_run_that_cannot_begin_and_a_trial() -> None:
    error = HostError("libvirt does not answer.", hint="Is libvirtd running?")
    told = of_start("nightly", "", not_begun(error, Told(), on=["failure"]))
    assert told.subject == "builder: nightly could not begin on kvm1"
    assert told.text == "libvirt does not answer.\nIs libvirtd running?\n"
    assert (told.occasions, told.run_id) == (("failure",), "")
    assert trial("nightly", "").subject == "builder: a test of nightly on kvm1"


def test_those_that_fail_alike_are_told_together() -> None:
    away = {"error": "libvirt does not answer.", "hint": "Start it."}
    outcomes = [image(name, "failed", **away) for name in ("a", "b")]
    other = image("c", "failed", error="libvirt does not answer.", folder="/c")
    lines = about(run((*outcomes, other))).text.splitlines()
    assert lines[1:5] == [
        "- a, b: libvirt does not answer.",
        "  Start it.",
        "- c: libvirt does not answer.",
        "  /c",
    ]


def test_texts_of_strangers_break_no_lines_and_are_bounded() -> None:
    odd = image("x", "failed", error="one\ntwo \x1b[2J" + "y" * 9999, hint="\u202ethree")
    lines = about(run((odd,))).text.splitlines()
    assert lines[1].startswith("- x: one two [2Jyyy")
    assert lines[2] == "  three"
    assert max(map(len, lines)) < 600


def test_a_long_message_fits_into_what_teams_takes() -> None:
    many = [image(f"image-{number}", "failed", error="x" * 600) for number in range(200)]
    told = about(run(many))
    for form in FORMATS[1:]:
        hook = msgspec.convert({"url": "https://hooks.example/x", "format": form}, Webhook)
        assert len(webhook.request(hook, told)[1].data) < 28_000, form


def test_matrix_gets_each_message_under_a_word_of_its_own() -> None:
    room = "https://m.example/_matrix/client/v3/rooms/!a:m.example/send/m.room.message"
    hook = Webhook(url=f"{room}/", format="matrix")
    one, other = about(run()), about(run((WELL,)))
    urls = [webhook.request(hook, each)[0] for each in (one, one, other)]
    assert urls[0] == urls[1] != urls[2]
    assert urls[0].rpartition("/")[0] == room
    assert webhook.request(hook, one)[1].method == "PUT"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.slack.com/services/T0/B0/secret", "https://hooks.slack.com/…"),
        ("https://me:secret@chat.example:8443/x?key=secret", "https://chat.example:8443/…"),
        ("http://[::1]:8080/secret", "http://[::1]:8080/…"),
    ],
)
def test_nothing_secret_of_an_address_is_shown(url: str, shown: str) -> None:
    assert (webhook.server(url), webhook.shown(url)) == (shown, shown)


@pytest.mark.parametrize(
    "url", ["", "hooks.slack.com/x", "ftp://a/x", "https://", "https://a:b/x", "https://a/\nx"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ConfigError, match="none that can be used"):
        webhook.server(url)
    assert webhook.shown(url) == "an address that is none"
