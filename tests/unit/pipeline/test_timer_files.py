"""Units as files: ours are written once, replaced when that is asked for, and removed."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.errors import UsageError
from builder.monitor import SilentMonitor
from builder.pipeline import timer_systemd, timer_units
from builder.pipeline.timer import units
from builder.pipeline.timer_systemd import State, names
from builder.pipeline.timer_units import Installed
from tests.unit.pipeline.test_timer import NIGHTLY

OTHERS = "[Unit]\nDescription=theirs\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the user's own units, where no systemd runs."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(timer_systemd, "_RUNS", tmp_path / "nothing")
    return tmp_path / "systemd/user"


def install(place: Path, *, force: bool = False, **changed: str) -> bool:
    own = replace(NIGHTLY, user=True, writable=(place / "state",), **changed)
    return timer_units.install(own, units(own, systemd=252), force=force)


def known() -> dict[str, Installed]:
    return {each.name: each for each in timer_units.installed(monitor=SilentMonitor()) if each.user}


def test_installed_and_removed(place: Path) -> None:
    assert install(place)
    service, timer = names("builder-nightly", place)
    assert (place / "state").is_dir()
    assert [path.stat().st_mode & 0o777 for path in (service, timer)] == [0o644, 0o644]
    assert not install(place)
    found = timer_units.find("builder-nightly.timer", user=True, monitor=SilentMonitor())
    assert (found.name, found.pipeline, found.at) == ("nightly", "nightly", "*-*-* 02:30:00")
    assert timer_units.remove(found) == (timer, service)
    assert [path.name for path in place.iterdir()] == ["state"]
    assert known() == {}


def test_another_of_the_same_name(place: Path) -> None:
    install(place)
    with pytest.raises(UsageError, match="is another"):
        install(place, at="03:00")
    with pytest.raises(UsageError, match=r"is for nightly"):
        install(place, pipeline="/srv/50%/nightly.toml")
    assert known()["nightly"].at == "*-*-* 02:30:00"
    assert install(place, force=True, at="03:00", pipeline="/srv/50%/nightly.toml")
    assert known()["nightly"].at == "*-*-* 03:00:00"
    assert known()["nightly"].pipeline == "/srv/50%/nightly.toml"


@pytest.mark.parametrize("kind", [".service", ".timer"])
@pytest.mark.parametrize("what", ["unit", "mask", "link", "folder", "pipe"])
def test_what_is_not_ours_stays(place: Path, kind: str, what: str) -> None:
    path = place / f"builder-nightly{kind}"
    place.mkdir(parents=True)
    if what == "unit":
        path.write_text(OTHERS)
    elif what == "mask":
        path.symlink_to("/dev/null")
    elif what == "link":
        (place / "ours").write_text(units(NIGHTLY, systemd=252).timer)
        path.symlink_to("ours")
    elif what == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(UsageError, match="no unit of ours"):
        install(place, force=True)
    assert known() == {}
    assert [each.name for each in place.iterdir() if each.name != "ours"] == [path.name]


def test_the_service_beside_our_timer_may_be_somebody_elses(place: Path) -> None:
    install(place)
    service, timer = names("builder-nightly", place)
    service.write_text(OTHERS)
    assert timer_units.remove(known()["nightly"]) == (timer,)
    assert service.read_text() == OTHERS


@pytest.mark.parametrize("run", ["activating", "active", "deactivating"])
def test_a_run_goes_on(place: Path, run: str) -> None:
    install(place)
    with pytest.raises(UsageError, match="goes on"):
        timer_units.remove(replace(known()["nightly"], state=State(run=run)))
    assert "nightly" in known()


@pytest.mark.parametrize("word", ["{}", "builder-{}.timer", "builder-{}.service", "builder-{}"])
@pytest.mark.parametrize("name", ["builder-nightly", "nightly"])
def test_a_name_that_begins_like_a_unit(place: Path, name: str, word: str) -> None:
    for each in dict.fromkeys(("builder-nightly", "nightly", name)):
        install(place, name=each)
    found = timer_units.find(word.format(name), user=True, monitor=SilentMonitor())
    # What may be both is the name that `timer list` shows.
    both = word == "builder-{}" and name == "nightly"
    assert found.name == ("builder-nightly" if both else name)


def test_a_name_that_begins_like_a_unit_alone(place: Path) -> None:
    install(place, name="builder-nightly")
    for word in ("builder-nightly", "builder-nightly.timer", "builder-builder-nightly.service"):
        assert timer_units.find(word, user=True, monitor=SilentMonitor()).name == "builder-nightly"


def test_no_such_timer(place: Path) -> None:
    install(place)
    with pytest.raises(UsageError, match="no timer 'nightlie'") as caught:
        timer_units.find("nightlie", user=True, monitor=SilentMonitor())
    assert caught.value.hint == "Did you mean nightly?"
    with pytest.raises(UsageError, match="of the system"):
        timer_units.find("nosuch", user=False, monitor=SilentMonitor())
