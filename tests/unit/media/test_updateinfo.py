"""updateinfo.xml, as vendors write it."""

from collections.abc import Iterator
from xml.parsers.expat import ExpatError

import pytest

from builder.media.primary import Nevra
from builder.media.updateinfo import Advisory, advisories

# Rocky's form, RHEL's, and Fedora's, with what differs between them.
_ROCKY = """
  <update from="releng@rockylinux.org" status="final" type="security" version="2">
    <id>RLSA-2026:5099</id>
    <title>Important: grub2, mokutil, shim, and shim-unsigned-x64 security update</title>
    <issued date="2026-06-16 13:45:00"/>
    <updated date="2026-06-17 08:00:00"/>
    <rights>Copyright</rights>
    <release>Rocky Linux 9</release>
    <pushcount>1</pushcount>
    <severity>Important</severity>
    <summary>For <b>grub2</b>: an update.</summary>
    <description>The &lt;grub2&gt; packages; see CVE-1999-0001.</description>
    <references>
      <reference href="https://x/CVE-2026-3695" id="CVE-2026-3695" type="cve" title=""/>
      <reference href="https://x/CVE-2026-3696" id="CVE-2026-3696" type="cve"
        title="CVE-2026-3696"/>
      <reference href="https://x/1991685" id="1991685" type="bugzilla" title="something"/>
    </references>
    <pkglist>
      <collection short="el9">
        <name>Rocky Linux 9 BaseOS</name>
        <package name="grub2-pc" version="2.06" release="27.el9.rocky" epoch="1" arch="x86_64"
          src="grub2-2.06-27.el9.rocky.src.rpm">
          <filename>grub2-pc-2.06-27.el9.rocky.x86_64.rpm</filename>
          <sum type="sha256">ab</sum>
          <reboot_suggested>True</reboot_suggested>
        </package>
        <package name="grub2-common" version="2.06" release="27.el9.rocky" arch="noarch"/>
      </collection>
    </pkglist>
  </update>
"""
_FEDORA = """
  <update from="updates@fedoraproject.org" status="stable" type="security" version="2.0">
    <id>FEDORA-2026-d2b7d94014</id><title>timg-1.6.3-5.fc43</title>
    <issued date="2026-11-26 20:40:36"/><severity>Urgent</severity>
    <references><reference id="2423183" type="bugzilla"
      title="CVE-2026-26794 CVE-2026-26795 timg: overflow &amp; more"/></references>
    <pkglist><collection short="F43"><name>Fedora 43</name></collection></pkglist>
  </update>
"""


def _read(text: str, *, size: int = 1 << 20) -> list[tuple[Advisory, tuple[Nevra, ...]]]:
    whole = f'<?xml version="1.0" encoding="UTF-8"?>\n<updates>{text}</updates>\n'.encode()
    return list(advisories(whole[at : at + size] for at in range(0, len(whole), size)))


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_whole_advisories(size: int) -> None:
    rocky, fedora = _read(_ROCKY + _FEDORA, size=size)
    assert rocky == (
        Advisory(
            id="RLSA-2026:5099",
            kind="security",
            severity="Important",
            issued="2026-06-16",
            title="Important: grub2, mokutil, shim, and shim-unsigned-x64 security update",
            cves=("CVE-2026-3695", "CVE-2026-3696"),
        ),
        (
            Nevra("grub2-pc", "1", "2.06", "27.el9.rocky", "x86_64"),
            Nevra("grub2-common", "0", "2.06", "27.el9.rocky", "noarch"),
        ),
    )
    assert fedora == (
        Advisory(
            id="FEDORA-2026-d2b7d94014",
            kind="security",
            severity="Critical",
            issued="2026-11-26",
            title="timg-1.6.3-5.fc43",
            cves=("CVE-2026-26794", "CVE-2026-26795"),
        ),
        (),
    )


def _small(kind: str, inside: str) -> Advisory:
    [(found, _)] = _read(f'<update type="{kind}"><id>X</id>{inside}</update>')
    return found


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("security", "security"),
        ("Security", "security"),
        ("bugfix", "bugfix"),
        ("recommended", "bugfix"),
        ("enhancement", "enhancement"),
        ("newpackage", "enhancement"),
        ("unspecified", ""),
        ("", ""),
    ],
)
def test_kinds(said: str, kind: str) -> None:
    assert _small(said, "").kind == kind


@pytest.mark.parametrize(
    ("inside", "severity"),
    [
        ("<severity>Critical</severity>", "Critical"),
        ("<severity>IMPORTANT</severity>", "Important"),
        ("<severity> moderate </severity>", "Moderate"),
        ("<severity>Low</severity>", "Low"),
        ("<severity>High</severity>", "Important"),
        ("<severity>Medium</severity>", "Moderate"),
        ("<severity>None</severity>", ""),
        ("<severity>N/A</severity>", ""),
        ("<severity/>", ""),
        ("", ""),
        ("<title>Moderate: bash security update</title>", "Moderate"),
        ("<title>bash: Important</title>", ""),
        ("<title>Important</title>", ""),
        ("<severity>Low</severity><title>Critical: x</title>", "Low"),
    ],
)
def test_severities(inside: str, severity: str) -> None:
    assert _small("security", inside).severity == severity


@pytest.mark.parametrize(
    ("date", "day"),
    [
        ("2026-06-16 13:45:00", "2026-06-16"),
        ("2026-06-16T13:45:00Z", "2026-06-16"),
        ("2026-06-16", "2026-06-16"),
        ("1655387100", "2022-06-16"),
        ("99999999999", ""),
        ("2026-06-163", ""),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_dates(date: str, day: str) -> None:
    assert _small("bugfix", f'<issued date="{date}"/>').issued == day


@pytest.mark.parametrize(
    ("inside", "cves"),
    [
        ("<title>kernel (CVE-2026-1234, CVE-2026-1234567)</title>", ("1234", "1234567")),
        ('<references><reference id="CVE-2026-12"/></references>', ()),
        ('<references><reference title="XCVE-2026-12345"/></references>', ()),
        (
            '<references><reference id="CVE-2026-0002"/><reference id="CVE-2026-0001"/>'
            '<reference title="CVE-2026-0002 again"/></references>',
            ("0002", "0001"),
        ),
        ("<description>CVE-2026-9999</description>", ()),
    ],
)
def test_cves(inside: str, cves: tuple[str, ...]) -> None:
    assert _small("security", inside).cves == tuple(f"CVE-2026-{each}" for each in cves)


def test_what_one_says_is_not_the_next_ones() -> None:
    first, second = _read(f'{_ROCKY}<update type="bugfix"><id>Y</id></update>')
    assert first[0].severity == "Important"
    assert second == (
        Advisory(id="Y", kind="bugfix", severity="", issued="", title="", cves=()),
        (),
    )


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<pkglist>" + '<package name="x"/>' * 100_001 + "</pkglist>", "more than 100000 packages"),
        (f"<title>{'x' * (1 << 17)}</title>", "more than 64 KiB"),
    ],
)
def test_what_is_too_large(inside: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _small("security", inside)


def test_what_is_no_xml() -> None:
    def half() -> Iterator[bytes]:
        yield b"<updates><update"

    with pytest.raises(ExpatError):
        list(advisories(half()))
