"""Where the cache has the ISOs, and which one an order asks for."""

from pathlib import Path

import pytest

from builder.kickstart.library import Library
from builder.model.media import Made
from builder.recipes.order import Request, resolve
from builder.rehearsal import cache, distribution
from builder.rehearsal.layouts import known


@pytest.fixture(autouse=True)
def debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a distribution that we know."""
    found = distribution.Distribution(
        name="debian", suite="bookworm", installer_kernel="a", target_kernel="b", sources=()
    )
    monkeypatch.setattr(distribution, "detect", lambda: found)


def test_each_layout_has_its_own_iso(tmp_path: Path) -> None:
    places = [cache.location(tmp_path, layout=name) for name in known.names()]
    assert len(set(places)) == len(places)
    for name, place in zip(known.names(), places, strict=True):
        assert place.name.startswith(f"rehearsal-{name}-")
        assert place == cache.location(tmp_path, layout=name)


@pytest.mark.parametrize(
    ("release", "medium", "title", "layout"),
    [
        ("rehearsal", "", "rehearsal.iso", "el7"),
        ("rehearsal", "rehearsal", "rehearsal.iso", "el7"),
        ("rehearsal8", "", "rehearsal8-dvd.iso", "el8"),
        ("rehearsal9", "dvd", "rehearsal9-dvd.iso", "el9"),
        ("rehearsal9", "minimal", "rehearsal9-minimal.iso", "el9-minimal"),
        ("rehearsal10", "minimal", "rehearsal10-minimal.iso", "el10-minimal"),
    ],
)
def test_an_order_names_its_layout(release: str, medium: str, title: str, layout: str) -> None:
    order = resolve(Request(release=release, medium=medium), Library())
    assert order.iso == Made(title=title, layout=layout)
    assert known.find(layout).volume_id == order.release.volume_id
