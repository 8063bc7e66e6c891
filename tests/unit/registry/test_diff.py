"""What changed from one template to another."""

import pytest
from msgspec.structs import replace

from builder.model.audit import Finding
from builder.model.package import Package
from builder.model.template import StepTime
from builder.registry.diff import Numbers, Pair, compare, compare_packages
from tests.values import image, machine, manifest


def rpms(*texts: str) -> tuple[Package, ...]:
    """Return packages from "NAME VERSION" or "NAME VERSION ARCH"."""
    words = ([*text.split(), "x86_64"] for text in texts)
    return tuple(Package(name=w[0], version=w[1], arch=w[2], kind="rpm") for w in words)


def _change(name: str, before: str, after: str, arch: str = "x86_64") -> tuple[str, str, str, str]:
    return name, arch, before, after


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ([], [], []),
        (["a 1-1"], ["a 1-1"], []),
        (["a 1-1"], [], [_change("a", "1-1", "")]),
        ([], ["a 1-1"], [_change("a", "", "1-1")]),
        (["a 1-1"], ["a 1-2"], [_change("a", "1-1", "1-2")]),
        # The same name for another processor is another package.
        (["a 1-1"], ["a 1-1 i686"],
         [_change("a", "", "1-1", "i686"), _change("a", "1-1", "")]),
        # Kernels are kept beside each other.
        (["kernel 3-1"], ["kernel 3-2", "kernel 3-1"],
         [_change("kernel", "3-1", "3-1, 3-2")]),
    ],
)  # fmt: skip
def test_lists_of_packages(
    before: list[str], after: list[str], changes: list[tuple[str, str, str, str]]
) -> None:
    found = compare_packages(rpms(*before), rpms(*after))
    assert [(each.name, each.arch, each.before, each.after) for each in found] == changes


def test_a_template_does_not_differ_from_itself() -> None:
    same = compare(manifest(), manifest())
    assert not any(
        (same.added, same.removed, same.updated, same.facts, same.findings, same.kickstart)
    )


@pytest.mark.parametrize(
    ("phases", "steps", "seconds"),
    [
        ({}, {}, 0),
        ({"boot": 1.0, "packages": 2.26}, {}, 3.3),
        # Of an installation that was joined, phases may be missing.
        ({"boot": 1.0}, {"Staging x.iso": 9.0, "Installing": 269.04}, 269.0),
        ({}, {"Installing": 269.04}, 269.0),
        ({}, {"Staging x.iso": 9.0}, 0),
    ],
    ids=range(5),
)
def test_how_long_an_installation_took(
    phases: dict[str, float], steps: dict[str, float], seconds: float
) -> None:
    took = tuple(StepTime(step=step, seconds=each) for step, each in steps.items())
    found = compare(manifest(phases=phases, steps=took), manifest())
    assert found.numbers.install_seconds == (seconds, 0)


def test_everything_that_differs_is_told() -> None:
    passed = Finding(check="host-keys", says="no keys")
    old = manifest(
        version="20261122.1",
        packages=rpms("a 1-1", "b 1-1", "c 1-1"),
        image=image(virtual_size=10, size=5),
        boot_seconds=20.04,
        phases={"boot": 1.0, "packages": 2.26},
        audit=(passed, Finding(check="gone", says="")),
        kickstart="one\ntwo\n",
        tools={"qemu": "7"},
    )
    new = replace(
        old,
        version="20261123.1",
        packages=rpms("a 1-2", "b 1-1", "d 1-1 noarch"),
        image=image(virtual_size=10, size=7),
        boot_seconds=0,
        phases={},
        iso="y.iso",
        machine=machine(memory_mib=4096),
        audit=(replace(passed, details=("/etc/ssh/key",), waived=True),),
        clones=(Finding(check="units", says="", details=("x failed", "y failed")),),
        kickstart="one\n2\n",
        tools={"qemu": "8"},
    )
    found = compare(old, new)
    assert (found.before, found.after) == ("centos7@20261122.1", "centos7@20261123.1")
    assert [each.name for each in found.added] == ["d"]
    assert [each.name for each in found.removed] == ["c"]
    assert [(each.name, each.before, each.after) for each in found.updated] == [("a", "1-1", "1-2")]
    assert found.numbers == Numbers(
        size=(5, 7), virtual_size=(10, 10), boot_seconds=(20.0, 0), install_seconds=(3.3, 0)
    )
    assert found.facts == (
        Pair(what="iso", before=manifest().iso, after="y.iso"),
        Pair(what="memory mib", before="2048", after="4096"),
        Pair(what="tool qemu", before="7", after="8"),
    )
    assert found.findings == (
        Pair(what="host-keys", before="passed", after="waived: /etc/ssh/key"),
        Pair(what="gone", before="passed", after=""),
        Pair(what="units", before="", after="failed: x failed; y failed"),
    )
    assert found.kickstart == (
        "--- centos7@20261122.1", "+++ centos7@20261123.1", "@@ -1,2 +1,2 @@", " one", "-two", "+2",
    )  # fmt: skip


def test_what_an_image_boots_with_is_told_beside_its_machine() -> None:
    uefi = manifest(machine=machine(firmware="uefi"))
    hybrid = manifest(machine=machine(firmware="uefi", secure_boot=True), firmware="hybrid")
    assert compare(uefi, hybrid).facts == (
        Pair(what="firmware", before="uefi", after="hybrid"),
        Pair(what="secure boot", before="False", after="True"),
    )
