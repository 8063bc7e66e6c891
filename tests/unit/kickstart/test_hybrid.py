"""Kickstarts of images that boot with BIOS and with UEFI."""

import pytest

from builder.kickstart.lint import lint
from builder.kickstart.render import render
from builder.model.kickstart import Kickstart
from builder.releases import catalogue
from tests.orders import ordered
from tests.values import Golden

LAYOUT = "clearpart --all --initlabel --disklabel=gpt\nrootpw --lock\nbootloader --location=mbr\n"
ROOT = "part / --fstype=xfs --size=9 --grow\n"
ESP = "part /boot/efi --fstype=efi --size=200\n"
BIOSBOOT = "part biosboot --fstype=biosboot --size=1\n"


@pytest.mark.parametrize("release", ["centos7", "rocky9", "rehearsal"])
def test_golden(golden: Golden, release: str) -> None:
    text = render(ordered(release=release, firmware="hybrid")).for_build("golden")
    golden(f"kickstart/{release}-hybrid.ks", text)


@pytest.mark.parametrize("release", catalogue.names())
def test_each_release_has_what_both_start_from(release: str) -> None:
    kickstart = render(ordered(release=release, firmware="hybrid"))
    lines = kickstart.text.splitlines()
    assert any(each.startswith("clearpart ") and "--disklabel=gpt" in each for each in lines)
    assert [each.split()[1] for each in lines if each.startswith("part ")][:2] == [
        "biosboot",
        "/boot/efi",
    ]
    made_here = catalogue.find(release).made_here
    assert ("grub2-pc" in lines) == ("grub2-pc-modules" in lines) == (not made_here)
    assert sum("--target=i386-pc" in each for each in lines) == 1
    assert lint(kickstart, firmware="hybrid") == ()


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_others_have_none_of_it(firmware: str) -> None:
    text = render(ordered(release="rocky9", firmware=firmware)).text
    assert "i386-pc" not in text
    assert "grub2-pc" not in text


@pytest.mark.parametrize(
    ("parts", "lacking"),
    [
        (ESP + BIOSBOOT, []),
        (ESP, ["no part biosboot, and BIOS starts from one on GPT"]),
        (BIOSBOOT, ["no part /boot/efi, and UEFI starts from one"]),
        ("", ["no part /boot/efi, and UEFI", "no part biosboot, and BIOS"]),
    ],
)
def test_a_kickstart_at_hand_needs_both(parts: str, lacking: list[str]) -> None:
    kickstart = Kickstart(source="x.ks", syntax="RHEL9", text=f"{LAYOUT}{parts}{ROOT}")
    said = [each.message for each in lint(kickstart, at_hand=True, firmware="hybrid")]
    found = [each for each in said if each.startswith("no part ")]
    assert len(found) == len(lacking)
    assert all(each.startswith(start) for each, start in zip(found, lacking, strict=True))
