"""What would be built, judged by build keys alone."""

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from builder import files
from builder.errors import HostError
from builder.kickstart.masking import mask
from builder.media.obtain import Folders
from builder.model.build import BuildOrder
from builder.model.kickstart import Secrets
from builder.model.media import Voucher
from builder.monitor import SilentMonitor
from builder.pipeline.plan import Place, judge
from builder.recipes.inputs import rendered
from builder.recipes.repositories import Network
from builder.recipes.work import BuildOptions
from builder.record import vouchers
from builder.registry import channels
from builder.registry.publish import publish
from builder.registry.registry import Registry
from builder.rehearsal.cache import location
from tests.orders import key, ordered
from tests.values import image, manifest

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""sha256 of no bytes."""


def published(order: BuildOrder, store: Path, *, iso_sha256: str, day: int) -> None:
    """Publish an empty template that was made from `order`."""
    record = manifest(
        name=order.name,
        build_id=f"b-{day}",
        build_key=key(order, iso_sha256=iso_sha256),
        iso_sha256=iso_sha256,
        variables=order.variables,
        kickstart=mask(rendered(order, monitor=SilentMonitor()).text),
    )
    candidate = store / "candidate"
    candidate.touch()
    facts = image(size=0, virtual_size=order.capacity)
    publish(candidate, record, facts, today=date(2026, 11, day))


def judged(order: BuildOrder, store: Path | None, **options: Any) -> tuple[str, str]:  # noqa: ANN401
    place = Place(store=store, folders=folders(store or Path("none")))
    found = judge(
        order,
        place,
        options=BuildOptions(**options),
        network=Network(),
        monitor=SilentMonitor(),
    )
    return found.state, found.reason


def folders(place: Path) -> Folders:
    return Folders(pool=place / "iso", cache=place, state=place / "state")


@pytest.mark.parametrize("release", ["centos7", "rehearsal"])
def test_what_was_never_built_is_new(store: Path, release: str) -> None:
    published(ordered(medium="dvd"), store, iso_sha256=EMPTY, day=1)
    assert judged(ordered(release), store) == ("new", "never built")


def test_a_download_is_judged_without_it(store: Path) -> None:
    wanted = ordered()
    published(wanted, store, iso_sha256=wanted.medium.sha256, day=1)
    published(wanted, store, iso_sha256=EMPTY, day=2)
    assert judged(wanted, store) == ("unchanged", "unchanged since 20261101.1")


def test_what_was_revoked_is_built_again(store: Path) -> None:
    wanted = ordered()
    published(wanted, store, iso_sha256=wanted.medium.sha256, day=1)
    channels.revoke(Registry(store), wanted.name, reason="bad")
    assert judged(wanted, store) == ("changed", "20261101.1 is revoked")


def test_what_is_damaged_is_built_again(store: Path) -> None:
    wanted = ordered()
    for day in (1, 2):
        published(wanted, store, iso_sha256=wanted.medium.sha256, day=day)
    path = store / f"{wanted.name}-20261102.1.json"
    path.unlink()
    assert judged(wanted, store) == ("changed", f"20261102.1 cannot be used: {path} is not there")


def test_a_store_that_is_not_there_is_an_error_unless_none_was_made_yet(store: Path) -> None:
    store.rmdir()
    with pytest.raises(HostError, match=r"There is no folder .*, where templates"):
        judged(ordered(), store)
    assert judged(ordered(), None) == ("new", "never built")


def test_another_input_is_a_change(store: Path) -> None:
    before = ordered()
    published(before, store, iso_sha256=before.medium.sha256, day=1)
    published(before, store, iso_sha256=before.medium.sha256, day=3)
    for after, why in (
        (ordered(variables={"timezone": "Europe/Berlin"}), "the variable timezone"),
        (ordered(variables={"hostname": "a", "lang": "C"}), "the variables hostname, lang"),
        (ordered(disk_gib=11), "the disk's size 10 GiB → 11 GiB"),
        (ordered(compression="zlib"), "the compression zstd → zlib"),
        (replace(before, iso=ordered(medium="dvd").iso), "the ISO"),
        (replace(before, release=replace(before.release, packages=("vim",))), "the kickstart"),
        (
            replace(before, release=replace(before.release, installer_args=("x=y",))),
            "a check or an installer argument",
        ),
    ):
        assert judged(after, store) == ("changed", f"changed since 20261103.1: {why}")
    with_password = replace(before, secrets=Secrets(root_password_hash="$6$salt$" + "x" * 86))
    published(with_password, store, iso_sha256=before.medium.sha256, day=4)
    other = replace(before, secrets=Secrets(root_password_hash="$6$salt$" + "y" * 86))
    why = "a check, an installer argument or a secret"
    assert judged(other, store) == ("changed", f"changed since 20261104.1: {why}")


def test_age_and_will(store: Path) -> None:
    """The manifest of `values` is of November 2026: its age is counted from its own time."""
    wanted = ordered()
    published(wanted, store, iso_sha256=wanted.medium.sha256, day=1)
    assert judged(wanted, store, max_age_days=100_000)[0] == "unchanged"
    state, reason = judged(wanted, store, max_age_days=1)
    assert state == "changed"
    assert re.fullmatch(r"20261101\.1 is \d+ days old, and 1 is the most", reason)
    asked = "built again whatever has changed, as asked"
    assert judged(wanted, store, rebuild="always") == ("changed", asked)


def test_a_medium_that_is_not_made_yet_is_unknown(store: Path) -> None:
    wanted = ordered("rehearsal")
    published(wanted, store, iso_sha256=EMPTY, day=1)
    assert judged(wanted, store) == (
        "unknown",
        "depends on rehearsal.iso, which is made when it is built",
    )
    made = location(store, layout="el7")
    made.parent.mkdir()
    made.touch()
    assert judged(wanted, store) == ("unchanged", "unchanged since 20261101.1")
    made.write_text("other")
    assert judged(wanted, store) == ("changed", "changed since 20261101.1: the ISO")


def test_a_medium_that_was_staged_is_not_read_again(store: Path) -> None:
    wanted = ordered("rehearsal")
    published(wanted, store, iso_sha256="1" * 64, day=1)
    staged = store / "iso" / location(store, layout="el7").name
    staged.parent.mkdir()
    staged.touch()
    files.remember(staged, "1" * 64)
    assert judged(wanted, store) == ("unchanged", "unchanged since 20261101.1")


def test_an_iso_whose_digest_only_the_vendor_knows(store: Path) -> None:
    wanted = ordered("alma9")
    assert judged(wanted, store) == ("new", "never built")
    published(wanted, store, iso_sha256=EMPTY, day=1)
    location(store, layout="el7").parent.mkdir()
    location(store, layout="el7").touch()  # the rehearsal's, which is none of it
    reason = "whose vendor's list is read when it is built"
    assert judged(wanted, store) == ("unknown", f"depends on {wanted.iso.title}, {reason}")


def verified(order: BuildOrder, store: Path, state: Literal["signed", "unverified"]) -> Path:
    """Put an empty ISO into the iso pool, as one that was verified."""
    path = store / "iso/any.iso"
    path.parent.mkdir()
    path.touch()
    files.remember(path, EMPTY)
    if not files.remembered(path):
        pytest.skip("no extended attributes here")
    record = vouchers.Record(
        sha256=EMPTY,
        file=path.name,
        asked=order.medium.file,
        voucher=Voucher(state=state),
        when="2026-11-30T00:00:00.000Z",
    )
    vouchers.keep(store / "state", record, monitor=SilentMonitor())
    return path


@pytest.mark.parametrize(
    ("release", "voucher", "state"),
    [
        ("alma9", "signed", "unchanged"),
        ("alma9", "unverified", "unknown"),  # the build reads the list for it
        ("centos-stream9", "signed", "unknown"),  # there may be a newer one
    ],
)
def test_an_iso_of_the_pool_that_is_verified(
    release: str, voucher: Literal["signed", "unverified"], state: str, store: Path
) -> None:
    wanted = ordered(release)
    published(wanted, store, iso_sha256=EMPTY, day=1)
    path = verified(wanted, store, voucher)
    assert judged(wanted, store)[0] == state
    path.write_text("another")
    assert judged(wanted, store)[0] == "unknown"


@pytest.mark.parametrize(
    ("unverified", "state"), [(True, "unchanged"), (False, "changed")], ids=["as it is", "verified"]
)
def test_an_iso_at_hand(store: Path, unverified: bool, state: str) -> None:
    iso = store / "mine.iso"
    iso.touch()
    wanted = ordered(iso=iso, allow_unverified=unverified)
    published(wanted, store, iso_sha256=EMPTY, day=1)
    assert judged(wanted, store)[0] == state
