"""What is looked at before a build begins."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.config import Settings
from builder.errors import ConfigError, HostError, KickstartError, UsageError
from builder.model.domain import Accelerator
from builder.monitor import SilentMonitor
from builder.recipes import judges, preflight, remarks
from builder.recipes.preflight import Place
from builder.recipes.remarks import Remark
from builder.releases import catalogue, rules
from tests.hosts import settings
from tests.monitors import Heard
from tests.orders import ordered

GIB, MIB = 1 << 30, 1 << 20
V2 = "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3"
V3 = f"{V2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"
KVM = Accelerator(virt_type="kvm", cpu="host-passthrough", uefi=False, most_vcpus=8)


@pytest.mark.parametrize(
    ("end", "state", "words"),
    [
        (date(2026, 6, 30), "ok", "until 2026-06-30"),
        (date(2026, 6, 29), "warning", "since 2026-06-29"),
        (None, "ok", "nobody knows"),
    ],
)
def test_support(end: date | None, state: str, words: str) -> None:
    release = replace(catalogue.find("rocky9"), end_of_life=end)
    found = judges.support(release, date(2026, 6, 30))
    assert found.state == state
    assert words in found.detail


def test_an_older_minor_version_has_no_updates() -> None:
    found = judges.support(catalogue.find("rocky9.6"), date(2026, 6, 30))
    assert (found.state, found.detail) == (
        "warning",
        "Rocky Linux 9.6 gets no updates now that 9.8 is out, unless somebody sells them.",
    )


@pytest.mark.parametrize(
    ("release", "flags", "lacking"),
    [
        ("centos7", "fpu", ""),
        ("rocky8", "fpu", ""),
        ("rocky9", f"fpu {V2}", ""),
        ("rocky9", V2.replace(" popcnt", ""), "x86-64-v2; this one has no popcnt."),
        ("rocky10", f"{V3} avx512f", ""),
        ("rocky10", V2, "x86-64-v3; this one has no abm, avx, avx2,"),
        ("rocky10", V3.replace("pni ", ""), "has no pni."),
        ("alma10-v2", V2, ""),
    ],
)
def test_processors(release: str, flags: str, lacking: str) -> None:
    text = f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n\nprocessor\t: 1\nflags\t: all\n"
    if not lacking:
        assert judges.processor(ordered(release), text).state == "ok"
        return
    with pytest.raises(HostError) as caught:
        judges.processor(ordered(release), text)
    assert lacking in caught.value.message


@pytest.mark.parametrize(
    ("model", "level", "suffices"),
    [
        ("Nehalem", 2, True),
        ("Nehalem", 3, False),
        ("qemu64", 1, True),
        ("qemu64", 2, False),
        ("Haswell-noTSX", 3, True),
        ("EPYC-Genoa", 3, True),
        ("Nehalem-IBRS", 2, True),
        ("Nehalem-IBRS", 3, False),
        ("Snowridge", 3, False),
        ("Opteron_G5", 3, False),
        ("Opteron_G3", 2, False),
        ("core2duo", 2, False),
        ("Penryn", 2, False),
    ],
)
def test_emulated_processors(model: str, level: int, *, suffices: bool) -> None:
    order = ordered("rocky9")
    facts = replace(order.release.facts, cpu_level=level)
    order = replace(order, release=replace(order.release, emulated_cpu=model, facts=facts))
    if suffices:
        assert judges.model(order).state == "ok"
        return
    with pytest.raises(ConfigError, match=f"needs x86-64-v{level}, which an emulated {model}"):
        judges.model(order)


def test_every_model_that_is_called_old_is_one_of_libvirt_s() -> None:
    below = {each for each in rules.CPUS if judges.level(each) < 3}
    assert {each.removesuffix("-IBRS") for each in below} == judges.OLD | judges.NEWER


@pytest.mark.parametrize("name", catalogue.names())
def test_every_release_can_be_emulated(name: str) -> None:
    assert judges.model(ordered(name)).state == "ok"


@pytest.mark.parametrize(("mib", "state"), [(2348, "ok"), (2347, "warning")])
def test_memory(mib: int, state: str) -> None:
    assert judges.memory(2048, mib * MIB).state == state


@pytest.mark.parametrize(("free", "state"), [(10 * GIB, "ok"), (10 * GIB - 1, "warning")])
def test_room_for_the_disk(free: int, state: str) -> None:
    assert judges.store(10 * GIB, Path("/store"), free).state == state


@pytest.mark.parametrize(("free", "state"), [(GIB + 64 * MIB, "ok"), (GIB, "warning")])
def test_room_for_the_iso(free: int, state: str) -> None:
    assert judges.iso("x.iso", GIB, Path("/iso"), free=free).state == state


def place(where: Path, **changes: object) -> Place:
    given: Settings = settings(where)
    known: dict[str, object] = {
        "settings": given,
        "accelerator": KVM,
        "iso_pool": given.iso_pool_path,
        "store_pool": given.store_pool_path,
        "known": False,
    }
    return Place(**(known | changes))  # type: ignore[arg-type]


def problems(remarks: tuple[Remark, ...]) -> list[tuple[str, int]]:
    return [(each.subject, each.exit_code) for each in remarks if each.state == "problem"]


def test_all_problems_are_found(tmp_path: Path) -> None:
    absent = HostError("The build could not run: there is no bridge br9.", hint="Make it.")
    order = ordered("rocky9", firmware="uefi")
    found = preflight.examine(order, place(tmp_path, absent=absent))
    assert problems(found) == [("machine", 4), ("network", 4)]
    heard = Heard()
    with pytest.raises(HostError, match="no UEFI firmware"):
        remarks.refuse(found, monitor=heard)
    assert ("note", "error: The build could not run: there is no bridge br9. Make it.") in [
        each[:2] for each in heard.told
    ]


def test_a_fine_place_has_no_problem(tmp_path: Path) -> None:
    found = preflight.examine(ordered("rocky9"), place(tmp_path))
    assert problems(found) == []
    remarks.refuse(found, monitor=SilentMonitor())


def test_packages_that_come_by_no_network(tmp_path: Path) -> None:
    alone = place(tmp_path, settings=replace(settings(tmp_path), network="none"))
    assert problems(preflight.examine(ordered("rocky9"), alone)) == []
    found = preflight.examine(ordered("rocky9", medium="boot"), alone)
    assert problems(found) == [("network", 3)]
    with pytest.raises(ConfigError, match="has no packages, and guests have no network"):
        remarks.refuse(found, monitor=SilentMonitor())
    (tmp_path / "own.ks").write_text("cmdline\n")
    own = ordered("rocky9", medium="boot", kickstart=tmp_path / "own.ks")
    assert ("network", "warning") in [
        (each.subject, each.state) for each in preflight.examine(own, alone)
    ]


@pytest.mark.parametrize(("pool", "subject"), [("iso_pool", "iso"), ("store_pool", "store")])
def test_a_pool_where_no_folder_can_be(tmp_path: Path, pool: str, subject: str) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file/below"):
        found = preflight.examine(ordered("rocky9"), place(tmp_path, **{pool: path}))
        assert problems(found) == [(f"{subject} pool", 4)]
        with pytest.raises(HostError, match=f"{tmp_path}/file is no folder"):
            remarks.refuse(found, monitor=SilentMonitor())


def test_what_is_past_its_end_is_built_with_a_warning(tmp_path: Path) -> None:
    heard = Heard()
    remarks.refuse(preflight.examine(ordered("centos7"), place(tmp_path)), monitor=heard)
    said = [text for kind, text, *_ in heard.told if kind == "warning"]
    assert any("has had no updates since 2024-06-30" in text for text in said)


def test_the_first_problem_decides_on_the_exit_code() -> None:
    wrong = [KickstartError("One.", hint="A."), UsageError("Two.", hint="B.")]
    found = tuple(remarks.problem("x", each) for each in wrong)
    with pytest.raises(KickstartError, match=r"^One\.$") as caught:
        remarks.refuse(found, monitor=SilentMonitor())
    assert (caught.value.hint, caught.value.exit_code) == ("A.", 6)
