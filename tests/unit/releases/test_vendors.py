"""The rows against what the vendors publish: a table of its own, and their real lists."""

import re
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from builder.releases import catalogue

LISTS = Path(__file__).parents[2] / "vendors/checksums"
NEHALEM, HASWELL = "Nehalem", "Haswell-noTSX"
VENDORS = """
centos7|CentOS-7-x86_64-{Minimal,DVD,NetInstall,Everything}-2009.iso|vault.centos.org/7.9.2009/isos/x86_64|CentOS 7 x86_64|2024-06-30|RHEL7|http://centos.org/centos/7.0
centos8|CentOS-8.5.2111-x86_64-{boot,dvd1}.iso|vault.centos.org/8.5.2111/isos/x86_64|CentOS-8-5-2111-x86_64-dvd|2021-12-31|RHEL8|http://centos.org/centos/8
centos-stream8|CentOS-Stream-8-20240603.0-x86_64-{boot,dvd1}.iso|vault.centos.org/8-stream/isos/x86_64|CentOS-Stream-8-x86_64-dvd|2024-05-31|RHEL8|http://centos.org/centos-stream/8
centos-stream9|CentOS-Stream-9-latest-x86_64-{boot,dvd1}.iso|mirror.stream.centos.org/9-stream/BaseOS/x86_64/iso|CentOS-Stream-9-BaseOS-x86_64|2027-05-31|RHEL9|http://centos.org/centos-stream/9
centos-stream10|CentOS-Stream-10-latest-x86_64-{boot,dvd1}.iso|mirror.stream.centos.org/10-stream/BaseOS/x86_64/iso|CentOS-Stream-10-BaseOS-x86_64|2030-05-31|RHEL10|http://centos.org/centos-stream/10
rocky8|Rocky-8.10-x86_64-{boot,minimal,dvd1}.iso|download.rockylinux.org/pub/rocky/8.10/isos/x86_64|Rocky-8-10-x86_64-dvd|2029-05-31|RHEL8|http://rockylinux.org/rocky/8
rocky9|Rocky-9.8-x86_64-{boot,minimal,dvd}.iso|download.rockylinux.org/pub/rocky/9.8/isos/x86_64|Rocky-9-8-x86_64-dvd|2032-05-31|RHEL9|http://rockylinux.org/rocky/9
rocky10|Rocky-10.2-x86_64-{boot,minimal,dvd1}.iso|download.rockylinux.org/pub/rocky/10.2/isos/x86_64|Rocky-10-2-x86_64-dvd|2035-05-31|RHEL10|http://rockylinux.org/rocky/10
alma8|AlmaLinux-8.10-x86_64-{boot,minimal,dvd}.iso|repo.almalinux.org/almalinux/8.10/isos/x86_64|AlmaLinux-8-10-x86_64-dvd|2029-05-31|RHEL8|http://almalinux.org/almalinux/8
alma9|AlmaLinux-9.8-x86_64-{boot,minimal,dvd}.iso|repo.almalinux.org/almalinux/9.8/isos/x86_64|AlmaLinux-9-8-x86_64-dvd|2032-05-31|RHEL9|http://almalinux.org/almalinux/9
alma10|AlmaLinux-10.2-x86_64-{boot,minimal,dvd}.iso|repo.almalinux.org/almalinux/10.2/isos/x86_64|AlmaLinux-10-2-x86_64-dvd|2035-05-31|RHEL10|http://almalinux.org/almalinux/10
alma10-v2|AlmaLinux-10.2-x86_64_v2-{boot,minimal,dvd}.iso|repo.almalinux.org/almalinux/10.2/isos/x86_64_v2|AlmaLinux-10-2-x86_64_v2-dvd|2035-05-31|RHEL10|http://almalinux.org/almalinux/10
alma-kitten10|AlmaLinux-Kitten-10-latest-x86_64-{boot,minimal,dvd}.iso|kitten.repo.almalinux.org/10-kitten/isos/x86_64|AlmaLinux-Kitten-10-x86_64||RHEL10|http://almalinux.org/almalinux-kitten/10
oracle7|OracleLinux-R7-U9-Server-x86_64-dvd.iso|yum.oracle.com/ISOS/OracleLinux/OL7/u9/x86_64|OL-7.9 Server.x86_64|2024-12-31|RHEL7|http://oracle.com/ol/7.9
oracle8|OracleLinux-R8-U10-x86_64-{dvd,boot,boot-uek}.iso|yum.oracle.com/ISOS/OracleLinux/OL8/u10/x86_64|OL-8-10-0-BaseOS-x86_64|2029-07-31|RHEL8|http://oracle.com/ol/8.10
oracle9|OracleLinux-R9-U8-x86_64-{dvd,boot,boot-uek}.iso|yum.oracle.com/ISOS/OracleLinux/OL9/u8/x86_64|OL-9-8-0-BaseOS-x86_64|2032-06-30|RHEL9|http://oracle.com/ol/9.4
oracle10|OracleLinux-R10-U2-x86_64-{dvd,boot,boot-uek}.iso|yum.oracle.com/ISOS/OracleLinux/OL10/u2/x86_64|OL-10-2-0-BaseOS-x86_64||RHEL10|http://redhat.com/rhel/10.0
rhel7|rhel-server-7.9-x86_64-dvd.iso||RHEL-7.9 Server.x86_64|2024-06-30|RHEL7|http://redhat.com/rhel/7.9
rhel8|rhel-8.10-x86_64-dvd.iso||RHEL-8-10-0-BaseOS-x86_64|2029-05-31|RHEL8|http://redhat.com/rhel/8.10
rhel9|rhel-9.8-x86_64-dvd.iso||RHEL-9-8-0-BaseOS-x86_64|2032-05-31|RHEL9|http://redhat.com/rhel/9.8
rhel10|rhel-10.2-x86_64-dvd.iso||RHEL-10-2-BaseOS-x86_64|2035-05-31|RHEL10|http://redhat.com/rhel/10.2
fedora43|Fedora-Server-{dvd,netinst}-x86_64-43-1.6.iso|dl.fedoraproject.org/pub/fedora/linux/releases/43/Server/x86_64/iso|Fedora-S-dvd-x86_64-43|2026-12-09|F43|http://fedoraproject.org/fedora/43
fedora44|Fedora-Server-{dvd,netinst}-x86_64-44-1.7.iso|dl.fedoraproject.org/pub/fedora/linux/releases/44/Server/x86_64/iso|Fedora-S-dvd-x86_64-44|2027-06-02|F44|http://fedoraproject.org/fedora/44
"""  # noqa: E501  # a row a line
"""name | files | folder | volume id | end of life | syntax | libosinfo: from the vendors' servers,
osinfo-db and endoflife.date, 2026-11."""
ROWS = [line.split("|") for line in VENDORS.strip().splitlines()]
DIGESTS = """
CentOS-7-x86_64-Minimal-2009.iso 07b94e6b1a0b0260b94c83d6bb76b26bf7a310dc78d7a9c7432809fb9bc6194a 1020264448
CentOS-7-x86_64-DVD-2009.iso e33d7b1ea7a9e2f38c8f693215dd85254c3a4fe446f93f563279715b68d07987 4712300544
CentOS-7-x86_64-NetInstall-2009.iso b79079ad71cc3c5ceb3561fff348a1b67ee37f71f4cddfec09480d4589c191d6
CentOS-7-x86_64-Everything-2009.iso 689531cce9cf484378481ae762fae362791a9be078fda10e4f6977bf8fa71350
CentOS-8.5.2111-x86_64-boot.iso 9602c69c52d93f51295c0199af395ca0edbe35e36506e32b8e749ce6c8f5b60a
CentOS-8.5.2111-x86_64-dvd1.iso 3b795863001461d4f670b0dedd02d25296b6d64683faceb8f2b60c53ac5ebb3e
Rocky-9.8-x86_64-boot.iso d6eeefdc8437c593d41a3150fcca4a734c55642ed472eecdda99720bb1370881 1480048640
Rocky-9.8-x86_64-dvd.iso d2bcbb64c2d67511adf80d40cd9543391a33aea5860a355b1d26d7f55236d01f 15194259456
Rocky-9.8-x86_64-minimal.iso d338032cd1cdd41c67139f2f71b4c832c8e4a21943106519db9c7137df7a63d4 2755067904
Rocky-10.2-x86_64-minimal.iso aac6ac3ce781b91a91ce78463405f66c611a5dca4b3840c79e5e01d97302f6c8 2072444928
AlmaLinux-10.2-x86_64-boot.iso b3f865468075bcada8f208d830289302c67529789d668041d24e8d6fc697ba6a
Fedora-Server-netinst-x86_64-44-1.7.iso ae20c06bea746913cadea7d80463e13f4bf55bee4df2918111c921c674b70283
"""  # noqa: E501  # a file a line
"""Of files that are in no list of tests/vendors: as several who have downloaded them say."""
CHECKSUMS = {
    "centos-stream8": ("CHECKSUM", ""),
    "centos-stream9": ("{file}.SHA256SUM", ""),
    "centos-stream10": ("{file}.SHA256SUM", ""),
    "rocky8": ("CHECKSUM", "sig"),
    "rocky9": ("CHECKSUM", ""),
    "rocky10": ("CHECKSUM", "asc"),
    "alma8": ("CHECKSUM", "inline"),
    "alma9": ("CHECKSUM", "inline"),
    "alma10": ("CHECKSUM", "inline"),
    "alma10-v2": ("CHECKSUM", "inline"),
    "alma-kitten10": ("CHECKSUM", ""),
    "oracle7": ("OracleLinux-R7-U9-Server-x86_64.checksum", "inline"),
    "oracle8": ("OracleLinux-R8-U10-Server-x86_64.checksum", "inline"),
    "oracle9": ("OracleLinux-R9-U8-Server-x86_64.checksum", "inline"),
    "oracle10": ("OracleLinux-R10-U2-Server-x86_64.checksum", "inline"),
    "fedora43": ("Fedora-Server-43-1.6-x86_64-CHECKSUM", "inline"),
    "fedora44": ("Fedora-Server-44-1.7-x86_64-CHECKSUM", "inline"),
}
"""What vendors give beside the ISOs, and how they sign it; the others' digests are ours."""


def spread(files: str) -> set[str]:
    found = re.fullmatch(r"(.*){(.*)}(.*)", files)
    return {f"{found[1]}{each}{found[3]}" for each in found[2].split(",")} if found else {files}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_says_what_its_vendor_does(row: list[str]) -> None:
    name, files, folder, volume_id, end, syntax, osinfo = row
    release = catalogue.find(name)
    assert {medium.file for medium in release.media.values()} == spread(files)
    assert [*release.urls, ""][0] == (f"https://{folder}" if folder else "")
    assert release.volume_id == volume_id
    assert release.end_of_life == (date.fromisoformat(end) if end else None)
    assert (release.syntax, release.osinfo) == (syntax, osinfo)
    level3 = syntax == "RHEL10" and not name.endswith("-v2")
    assert release.emulated_cpu == (HASWELL if level3 else NEHALEM)


def test_there_is_no_row_but_the_vendors() -> None:
    ours = {"alma-kitten10-v2", *(n for n in catalogue.names() if n.startswith("rehearsal"))}
    assert {row[0] for row in ROWS} | ours == set(catalogue.names())


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_digests_come_from_where_the_vendor_has_them(name: str) -> None:
    release = catalogue.find(name)
    if name in CHECKSUMS:
        assert release.checksums is not None
        file = release.checksums.file.rpartition("/")[2]
        assert (file, release.checksums.signature) == CHECKSUMS[name]
        assert bool(release.checksums.keys) == bool(release.checksums.signature)
    else:
        assert release.checksums is None
        assert name.startswith("rhel") or all(each.sha256 for each in release.media.values())


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_media_without_packages_have_a_repository_to_install_from(name: str) -> None:
    release = catalogue.find(name)
    network = [medium.file for medium in release.media.values() if medium.network]
    assert all(re.search("boot|netinst|NetInstall", file) for file in network)
    assert release.repositories or not network
    for medium in release.media.values():
        assert medium.network == bool(re.search(r"boot|netinst|NetInstall", medium.file))


def test_every_digest_is_a_vendors() -> None:
    listed = {line.split()[0]: line.split()[1:] for line in DIGESTS.strip().splitlines()}
    for path in LISTS.glob("rocky-*.checksum"):
        text = path.read_text()
        sizes = dict(re.findall(r"^# (\S+): (\d+) bytes", text, re.MULTILINE))
        listed |= {
            file: [digest, sizes[file]] for file, digest in re.findall(r"\((\S+)\) = (\w+)", text)
        }
    ours = {
        file: [row["sha256"], *([str(row["size"])] if "size" in row else [])]
        for file, row in catalogue.shipped().digests.items()
    }
    assert ours == {file: listed[file] for file in ours}
    assert {line.split()[0] for line in DIGESTS.strip().splitlines()} <= ours.keys()


@pytest.mark.parametrize("path", sorted(LISTS.glob("rocky-*.checksum")), ids=lambda each: each.name)
def test_rockys_own_lists_name_every_medium_of_a_minor(path: Path) -> None:
    version = path.name.split("-")[1]
    release = catalogue.find(f"rocky{version}")
    assert (release.name, release.version) == (f"rocky{version}", version)
    text = path.read_text()
    listed = dict(re.findall(r"SHA256 \((\S+)\) = ([0-9a-f]{64})", text))
    for medium in release.media.values():
        assert medium.file in listed
        assert medium.sha256 == listed[medium.file]
        assert medium.size is None or f"# {medium.file}: {medium.size} bytes" in text


def test_there_are_real_lists_of_each_of_rockys_majors() -> None:
    majors = {path.name.split("-")[1].split(".")[0] for path in LISTS.glob("rocky-*.checksum")}
    assert majors == {"8", "9", "10"}


@pytest.mark.parametrize(
    ("name", "folders", "file", "repository"),
    [
        (
            "rocky9.6",
            ["download.rockylinux.org/pub/rocky/9.6", "dl.rockylinux.org/vault/rocky/9.6"],
            "Rocky-9.6-x86_64-dvd.iso",
            "https://dl.rockylinux.org/vault/rocky/9.6/BaseOS/x86_64/os/",
        ),
        (
            "alma9.5",
            ["repo.almalinux.org/almalinux/9.5", "vault.almalinux.org/9.5"],
            "AlmaLinux-9.5-x86_64-dvd.iso",
            "https://vault.almalinux.org/9.5/BaseOS/x86_64/os/",
        ),
        (
            "alma10-v2.1",
            ["repo.almalinux.org/almalinux/10.1", "vault.almalinux.org/10.1"],
            "AlmaLinux-10.1-x86_64_v2-dvd.iso",
            "https://vault.almalinux.org/10.1/BaseOS/x86_64_v2/os/",
        ),
        (
            "oracle9.7",
            ["yum.oracle.com/ISOS/OracleLinux/OL9/u7"],
            "OracleLinux-R9-U7-x86_64-dvd.iso",
            "https://yum.oracle.com/repo/OracleLinux/OL9/baseos/latest/x86_64/",
        ),
    ],
)
def test_older_minors(name: str, folders: list[str], file: str, repository: str) -> None:
    release = catalogue.find(name)
    assert release.name == name
    for url, folder in zip(release.urls, folders, strict=True):
        assert url.startswith(f"https://{folder}/")
    assert release.media["dvd"].file == file
    assert next(iter(release.repositories.values())) == repository


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("alma10-v2", "AlmaLinux-10-2-x86_64_v2-boot"),
        ("oracle9", "OL-9-8-1-BaseOS-x86_64"),
        ("oracle9.7", "OL-9-7-0-BaseOS-x86_64"),
        ("oracle10", "OL-10-2-BaseOS-x86_64"),
        ("rhel8", "RHEL-8-10-1-BaseOS-x86_64"),
    ],
)
def test_what_is_inferred_of_a_label_refuses_none_that_is_like_it(name: str, label: str) -> None:
    release = catalogue.find(name)
    known = (release.volume_id, *release.other_volume_ids)
    assert any(fnmatchcase(label, each) for each in known)
    another = re.sub(r"-(\d+)-(\d+)", r"-\1-99", label)
    assert not any(fnmatchcase(another, each) for each in known)


def test_no_minor_is_installed_from_what_the_newest_is() -> None:
    assert catalogue.find("oracle9").media.keys() == {"dvd", "boot", "boot-uek"}
    assert catalogue.find("oracle9.8").media.keys() == {"dvd", "boot", "boot-uek"}
    assert catalogue.find("oracle9.7").media.keys() == {"dvd"}
    assert catalogue.find("rocky9.6").media.keys() == {"minimal", "dvd", "boot"}
