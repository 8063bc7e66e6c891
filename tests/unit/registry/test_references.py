"""How people name templates, and what becomes of channels, on real files."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shelf import issue

from builder.errors import ConfigError, TemplateError, UsageError
from builder.monitor import SilentMonitor
from builder.registry import channels
from builder.registry.ledger import Moved
from builder.registry.listing import Status, age, described, look_at, statuses
from builder.registry.registry import Registry
from tests.monitors import Heard
from tests.values import manifest

ONE, TWO, THREE = (f"20261123.{number}" for number in (1, 2, 3))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with three versions, of which the first is stable."""
    folder = tmp_path_factory.mktemp("store")
    for number in range(3):
        issue(folder, number=number)
    issue(folder, name="centos7-dvd")
    channels.promote(Registry(folder), f"centos7@{ONE}")
    return folder


def listed(registry: Registry, name: str = "") -> tuple[Status, ...]:
    return statuses(registry, name, monitor=SilentMonitor())


def told_of(registry: Registry, word: str) -> Status:
    return described(registry, word, monitor=SilentMonitor())[0]


@pytest.fixture
def registry(published: Path, tmp_path: Path) -> Registry:
    """Return a copy of it, for a test to change."""
    return Registry(Path(shutil.copytree(published, tmp_path / "store")))


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("centos7", THREE),
        ("centos7@latest", THREE),
        ("centos7@candidate", THREE),
        ("centos7@stable", ONE),
        (f"centos7@{TWO}", TWO),
        ("centos7-dvd", ONE),
    ],
)
def test_what_a_reference_means(registry: Registry, reference: str, version: str) -> None:
    found = registry.find(reference)
    assert (found.name, found.version) == (reference.partition("@")[0], version)


@pytest.mark.parametrize(
    ("reference", "sentence", "hint"),
    [
        ("centos", "There is no template 'centos'.", "Did you mean centos7?"),
        ("", "'' names no template.", "NAME, NAME@VERSION"),
        ("@stable", "'@stable' names no template.", "NAME, NAME@VERSION"),
        ("centos7@", "'centos7@' names no template.", "NAME, NAME@VERSION"),
        ("centos7@stable@x", "'centos7@stable@x' names no template.", "NAME, NAME@VERSION"),
        ("centos7@stabel", "centos7 has no channel 'stabel'.", "Did you mean stable?"),
        ("centos7@20261123", "centos7 has no channel '20261123'.", "Did you mean 20261123."),
        ("centos7@20261123.4", "centos7 has no version 20261123.4.", "Did you mean 20261123."),
        ("../centos7", "'../centos7' names no template.", "NAME, NAME@VERSION"),
        ("\0", r"'\x00' names no template.", "NAME, NAME@VERSION"),
        ("a/b@stable", "'a/b@stable' names no template.", "NAME, NAME@VERSION"),
        (f"{'x' * 201}", f"{'x' * 201!r} names no template.", "NAME, NAME@VERSION"),
        ("centos7@\0", r"centos7 has no channel '\x00'.", "Known: 20261123.1, "),
        ("centos7@latest ", "centos7 has no channel 'latest '.", "Did you mean latest?"),
        ("centos7@20261123.99999", "centos7 has no version 20261123.99999.", "Did you mean "),
        ("centos7-dvd@stable", "centos7-dvd has no channel 'stable'.", "Known: 20261123.1"),
    ],
)
def test_what_is_not_there(registry: Registry, reference: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry.find(reference)
    assert (caught.value.message, caught.value.exit_code) == (sentence, 2)
    assert caught.value.hint.startswith(hint)


def test_what_is_revoked_is_not_among_what_is_known(registry: Registry) -> None:
    channels.revoke(registry, f"centos7@{THREE}", reason="bad")
    for word in ("centos7@nosuch", "centos7@20251123.1"):
        with pytest.raises(UsageError) as caught:
            registry.find(word)
        assert THREE not in caught.value.hint
    for version in (ONE, TWO):
        channels.revoke(registry, f"centos7@{version}", reason="bad")
    for word in ("centos7@nosuch", "centos7@20251123.1"):
        with pytest.raises(UsageError) as caught:
            registry.find(word)
        assert caught.value.hint == "All of its versions are revoked: build it again."


def test_a_store_without_templates_names_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no template 'centos7'") as caught:
        Registry(tmp_path).find("centos7")
    assert caught.value.hint == "There are none at all: `builder build NAME` makes the first."


def test_a_revoked_version_is_not_served(registry: Registry) -> None:
    done = channels.revoke(registry, "centos7", reason="ssh keys were left in it")
    assert (done.version, done.moved) == (
        THREE,
        (Moved(name="centos7", channel="candidate", before=THREE, after=TWO),),
    )
    assert [registry.find(word).version for word in ("centos7", "centos7@candidate")] == [TWO, TWO]
    with pytest.raises(TemplateError) as caught:
        registry.find(f"centos7@{THREE}")
    assert caught.value.message == f"centos7 {THREE} is revoked: ssh keys were left in it."
    assert caught.value.hint == f"The newest that is not is centos7@{TWO}."
    with pytest.raises(TemplateError):
        channels.promote(registry, f"centos7@{THREE}")
    heard = Heard()
    assert look_at(registry, f"centos7@{THREE}", monitor=heard).version == THREE
    assert look_at(registry, "centos7", monitor=heard).version == TWO
    warning = f"centos7 {THREE} is revoked: ssh keys were left in it."
    assert heard.told == [("warning", warning, {})]
    heard = Heard()
    assert described(registry, f"centos7@{THREE}", monitor=heard)[0].version == THREE
    described(registry, "centos7", monitor=heard)
    assert heard.told == [("warning", warning, {})]


@pytest.mark.parametrize(
    ("reason", "end"), [("bad", "bad."), ("bad.", "bad."), ("why?", "why?"), ("no…", "no…")]
)
def test_a_reason_ends_once(registry: Registry, reason: str, end: str) -> None:
    channels.revoke(registry, f"centos7@{THREE}", reason=reason)
    with pytest.raises(TemplateError) as caught:
        registry.find(f"centos7@{THREE}")
    heard = Heard()
    look_at(registry, f"centos7@{THREE}", monitor=heard)
    sentence = f"centos7 {THREE} is revoked: {end}"
    assert [caught.value.message, heard.told[0][1]] == [sentence, sentence]


def test_a_name_with_nothing_left_to_serve(registry: Registry) -> None:
    done = channels.revoke(registry, "centos7-dvd", reason="no")
    assert done.moved[0].after == ""
    with pytest.raises(TemplateError, match=r"centos7-dvd 20261123\.1 is revoked: no"):
        registry.find("centos7-dvd")
    again = channels.revoke(registry, "centos7-dvd", reason="another reason")
    assert (again.reason, again.moved) == ("no", ())
    with pytest.raises(UsageError, match="has no channel 'candidate'"):
        channels.promote(registry, "centos7-dvd")


def test_promoting_is_by_candidate_unless_told(registry: Registry) -> None:
    moved = channels.promote(registry, "centos7")
    assert moved == Moved(name="centos7", channel="stable", before=ONE, after=THREE)
    assert channels.promote(registry, "centos7@stable", to="qa").after == THREE
    assert channels.rollback(registry, "centos7").after == ONE
    assert registry.ledger("centos7").channels == {
        "candidate": THREE,
        "stable": ONE,
        "qa": THREE,
    }


@pytest.mark.parametrize("channel", ["", "latest", "Stable", "1st", "a b", "x" * 32, "../x", "a\n"])
def test_names_that_no_channel_can_have(registry: Registry, channel: str) -> None:
    with pytest.raises(UsageError, match="A channel cannot be called"):
        channels.promote(registry, "centos7", to=channel)


@pytest.mark.parametrize(
    ("deed", "sentence"),
    [
        (lambda there: channels.rollback(there, "centos7"), "@stable had nothing else before"),
        (lambda there: channels.rollback(there, "centos7", channel="qa"), "has no channel 'qa'"),
        (lambda there: channels.rollback(there, "nosuch"), "There is no template 'nosuch'"),
        (lambda there: channels.revoke(there, "centos7", reason=" "), "needs a reason"),
        (lambda there: listed(there, "centos"), "There is no template 'centos'"),
    ],
)  # fmt: skip
def test_refusals_change_nothing(
    registry: Registry, deed: Callable[[Registry], object], sentence: str
) -> None:
    before = (registry.store / "centos7.channels.json").read_bytes()
    with pytest.raises(UsageError, match=sentence):
        deed(registry)
    assert (registry.store / "centos7.channels.json").read_bytes() == before


def test_templates_of_a_time_before_ledgers_have_a_candidate(registry: Registry) -> None:
    (registry.store / "centos7.channels.json").unlink()
    assert registry.find("centos7@candidate").version == THREE
    assert not (registry.store / "centos7.channels.json").exists()
    assert channels.promote(registry, "centos7").after == THREE


@pytest.mark.parametrize("deed", [Registry.find, told_of, listed])
def test_a_ledger_that_cannot_be_read_is_one_error(
    registry: Registry, deed: Callable[[Registry, str], object]
) -> None:
    (registry.store / "centos7.channels.json").write_text("{")
    with pytest.raises(ConfigError, match=r"centos7\.channels\.json cannot be read"):
        deed(registry, "centos7")


def test_statuses(registry: Registry) -> None:
    channels.revoke(registry, f"centos7@{TWO}", reason="bad")
    found = [(each.name, each.version, each.channels, each.revoked) for each in listed(registry)]
    assert found == [
        ("centos7", ONE, ("stable",), ""),
        ("centos7", TWO, (), "bad"),
        ("centos7", THREE, ("candidate",), ""),
        ("centos7-dvd", ONE, ("candidate",), ""),
    ]
    assert [each.version for each in listed(registry, "centos7-dvd")] == [ONE]
    first, known = listed(registry)[0], manifest()
    assert (first.created, first.finished) == (known.created, known.finished)


@pytest.mark.parametrize(
    ("created", "text"),
    [
        ("2026-11-23T10:00:00Z", "0 min"),
        ("2026-11-23T08:01:00Z", "119 min"),
        ("2026-11-23T08:00:00Z", "2 h"),
        ("2026-11-21T10:00:01Z", "47 h"),
        ("2026-11-21T10:00:00Z", "2 d"),
        ("2025-11-23T10:00:00Z", "365 d"),
        ("2026-11-23T10:01:00Z", "0 min"),
        ("2026-11-23T10:01:01Z", ""),
        ("9999-12-31T23:59:59Z", ""),
        ("9999-12-31T23:59:59-12:00", ""),
        ("2026-11-23T10:00:00", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_age(created: str, text: str) -> None:
    assert age(created, now=datetime(2026, 11, 23, 10, tzinfo=UTC)) == text


@pytest.mark.parametrize(
    ("word", "sentence", "hint"),
    [
        ("centos8@stable", "There is no template 'centos8'.", "Did you mean centos7?"),
        ("centos8", "There is no template 'centos8'.", "Did you mean centos7?"),
        ("centos7", "Which channel of centos7?", "centos7@CHANNEL."),
        ("centos7@stabel", "centos7 has no channel 'stabel'.", "Did you mean stable?"),
    ],
)
def test_a_channel_that_is_not_there(
    registry: Registry, word: str, sentence: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        channels.delete(registry, word)
    assert (caught.value.message, caught.value.hint) == (sentence, hint)
