"""Layouts that Anaconda would not make, and those that it makes."""

import pytest
from pykickstart.version import versionMap

from builder.kickstart.lint import lint, lint_for_others
from builder.model.kickstart import Kickstart
from tests.tables import crossed

BEGIN = "cmdline\nlang C\ntimezone UTC\nrootpw --iscrypted $6$a$b\npoweroff\n"
FIRST = BEGIN.count("\n") + 1
ROOT = "part / --size=9\n"
BOOT = "part /boot --size=9\n"
PV = f"{BOOT}part pv.1 --size=99\n"
VG = f"{PV}volgroup v pv.1 --pesize=4096\n"
LV = "logvol / --vgname=v --name=root --size=9\n"
TWO = f"{ROOT}part raid.1 --size=9\npart raid.2 --size=9\n"
LUKS = " --encrypted --passphrase=$luks"


def said(layout: str, *, syntax: str, gib: int = 9) -> list[str]:
    kickstart = Kickstart(source="x.ks", syntax=syntax, text=BEGIN + layout)
    findings = lint(kickstart, at_hand=True, capacity=gib << 30)
    known = ("in clear text", "nothing opens it")
    return [
        f"{each.line and each.line - FIRST + 1}: {each.severity}: {each.message}"
        for each in findings
        if not any(one in each.message for one in known)
    ]


SYNTAXES = ["RHEL6", "RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"]
NOT_MADE = [
    ("part /home --size=9\n", "0: error: no / is laid out"),
    (f"{VG}logvol /var --vgname=v --name=a --size=9\n", "0: error: no / is laid out"),
    (f"{PV}volgroup v pv.2\n{LV}", "3: error: nothing makes pv.2"),
    (f"{PV}part pv.1 --size=9\nvolgroup v pv.1\n{LV}", "3: error: pv.1 is made twice"),
    (f"{VG}logvol / --vgname=w --name=a --size=9\n", "4: error: no volgroup makes w"),
    (f"{PV}volgroup v pv.1 --pesize=5000\n{LV}", "3: error: --pesize=5000 is no power of"),
    (f"{ROOT}raid /a --device=md0 --level=1 raid.1 raid.2\n", "2: error: nothing makes raid.1"),
    (
        f"{ROOT}part raid.1 --size=9\nraid /a --device=md0 --level=1 raid.1\n",
        "3: error: RAID1 needs 2 members at least",
    ),
    (
        f"{ROOT}part raid.1 --size=9\npart raid.2 --size=9\n"
        "raid /a --device=md0 --level=RAID5 raid.1 raid.2\n",
        "4: error: RAID5 needs 3 members at least",
    ),
    (f"{ROOT}part /a --noformat\n", "2: error: --noformat needs --onpart"),
    (f"{ROOT}part /a --size=9 --fstype=ext5\n", "2: warning: ext5 is no file system that"),
    (f"{BOOT}part / --size=9 --encrypted\n", "2: error: --encrypted and no --passphrase"),
    (
        f"{BOOT}part / --size=9 --encrypted\npart /a --size=9{LUKS}\n",
        "2: error: --encrypted and no --passphrase yet: the installer asks for one",
    ),
    (
        f"part raid.1 --size=9{LUKS}\npart raid.2 --size=9\n"
        "raid / --device=md0 --level=1 raid.1 raid.2\n",
        "3: error: / is encrypted, and Anaconda lets no boot loader start from it: add /boot",
    ),
    (
        f"part pv.1 --size=99{LUKS}\nvolgroup v pv.1\n{LV}",
        "3: error: / is encrypted, and Anaconda lets no boot loader start from it: add /boot",
    ),
    (f"{TWO}raid none --device=md0 --level=1 raid.1 raid.2\n", "4: error: none is no place to"),
    (
        f"{TWO}raid /a --device=md0 --level=1 --spares=1 raid.1 raid.2\n",
        "4: error: RAID1 needs 2 members at least beside spares: 1",
    ),
    (
        f"{TWO}part pv.1 --size=9\nraid /a --device=md0 --level=1 raid.1 pv.1\n",
        "5: error: pv.1 is no raid.…, and that is wanted here",
    ),
    (f"{TWO}volgroup w raid.1\n", "4: error: raid.1 is no pv.…, and that is wanted here"),
    (f"{VG}{LV}volgroup w pv.1\n", "5: error: pv.1 is in use already"),
    (f"{VG}{LV}part pv.2 --size=9\nvolgroup v pv.2\n", "6: error: volgroup v is made twice"),
    (
        f"{VG}{LV}logvol /a --vgname=v --name=root --size=9\n",
        "5: error: logvol v/root is made twice",
    ),
    (
        f"{TWO}part raid.3 --size=9\npart raid.4 --size=9\n"
        "raid /a --device=md0 --level=1 raid.1 raid.2\n"
        "raid /b --device=md0 --level=1 raid.3 raid.4\n",
        "7: error: raid md0 is made twice",
    ),
    ("autopart --encrypted\n", "1: error: --encrypted and no --passphrase: the installer asks"),
    (f"part / --size=9{LUKS}\n", "1: error: / is encrypted, and Anaconda lets no boot loader"),
    (f"{ROOT}part /boot --size=9{LUKS}\n", "2: error: /boot is encrypted, and Anaconda lets"),
]


@pytest.mark.parametrize(("layout", "finding", "syntax"), crossed(NOT_MADE, SYNTAXES))
def test_layouts_that_are_not_made(layout: str, finding: str, syntax: str) -> None:
    first, *_ = said(layout, syntax=syntax)
    assert first.startswith(finding)


@pytest.mark.parametrize(
    ("syntax", "refused"),
    [("RHEL6", True), ("RHEL7", False), ("RHEL8", True), ("RHEL9", True), ("RHEL10", True)],
)
@pytest.mark.parametrize("command", ["", "bootloader --append=a\n"])
def test_a_kernel_on_lvm(command: str, syntax: str, *, refused: bool) -> None:
    alone = VG.removeprefix(BOOT) + LV + command
    message = "3: error: / is on LVM, and Anaconda lets no boot loader start from it: add /boot"
    assert said(alone, syntax=syntax) == [message] * refused
    assert said(f"{alone}bootloader --location=none\n", syntax=syntax) == []
    on = f"{ROOT}{VG.removeprefix(BOOT)}logvol /boot --vgname=v --name=a --size=9\n"
    assert said(on, syntax=syntax) == [
        "4: error: /boot is on LVM, and Anaconda lets no boot loader start from it"
    ] * (refused)


POOL = "logvol none --thinpool --vgname=v --name=p --size=50\n"
THIN = "logvol / --thin --poolname=p --vgname=v --name=root --size=9\n"


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"])
def test_thin_volumes_come_after_their_pool(syntax: str) -> None:
    assert said(f"{VG}{POOL}{THIN}", syntax=syntax) == []
    message = "4: error: no logvol --thinpool before this line makes p in v"
    assert said(f"{VG}{THIN}{POOL}", syntax=syntax) == [message]


@pytest.mark.parametrize("syntax", ["RHEL6", "RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"])
@pytest.mark.parametrize(
    "layout",
    [
        "autopart\n",
        ROOT,
        f"{VG}{LV}",
        f"{BOOT}part / --size=9{LUKS}\npart /a --size=9 --encrypted\n",
        f"{BOOT}part pv.1 --size=99{LUKS}\nvolgroup v pv.1\n{LV}",
        "part /boot/efi --fstype=efi --size=9\npart biosboot --fstype=biosboot --size=1\n" + ROOT,
        f'{ROOT}part None --size=9 --fstype="PPC PReP Boot"\n',
        "part raid.1 --size=9\npart raid.2 --size=9\nraid / --device=md0 --level=1 raid.1 raid.2\n",
        f"{BOOT}part raid.1 --size=9\npart raid.2 --size=9\n"
        f"raid pv.1 --device=md0 --level=0 raid.1 raid.2\nvolgroup v pv.1\n{LV}",
        f"{VG}{LV}logvol swap --vgname=v --name=swap --recommended\n",
        f"{BOOT}{LV.strip()} --useexisting\n",
        f"{BOOT}volgroup v --useexisting\n{LV}",
        "%include /tmp/layout\nvolgroup v pv.1\n",
        f"part / --size=9 --nosuch\n{VG.removeprefix(BOOT)}",
    ],
)
def test_layouts_that_are_made(layout: str, syntax: str) -> None:
    assert [each for each in said(layout, syntax=syntax) if "partition command" not in each] == []


PARTED = "GRUB 2 is not installed into a partition: use --location=mbr"
FOREIGN = "GRUB 2 takes no hash but its own, which begins with grub.pbkdf2."


@pytest.mark.parametrize(
    ("options", "message", "syntax"),
    crossed(
        [
            ("--location=partition", PARTED),
            ("--location=partition --extlinux", ""),
            ("--location=mbr", ""),
            ("--iscrypted --password=$6$a$b", FOREIGN),
            ("--iscrypted --password=grub.pbkdf2.sha512.10000.AB.CD", ""),
            ("--iscrypted --password=${GRUB_HASH}", ""),
            ("--password=b", ""),
        ],
        ["RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"],
    ),
)
def test_what_grub_2_takes(options: str, message: str, syntax: str) -> None:
    text = f"{ROOT}bootloader {options}\n"
    assert said(text, syntax=syntax) == ([f"2: error: {message}"] if message else [])
    assert said(text, syntax="RHEL6") == [] or "extlinux" in options
    others = lint_for_others(Kickstart(source="x.ks", syntax=syntax, text=BEGIN + text))
    assert ([each.message for each in others if each.severity == "error"] == [message]) is bool(
        message
    )


@pytest.mark.parametrize(
    ("layout", "finding", "syntax"),
    crossed(
        [
            ("logvol home --vgname=v --name=a --size=9\n", "5: error: home is no place to mount"),
            ("logvol none --vgname=v --name=a --size=9\n", "5: error: none is no place to mount"),
            ("logvol none --thinpool --vgname=v --name=a --size=9\n", ""),
            ("logvol swap --vgname=v --name=a --size=9\n", ""),
            ("logvol /a --fstype=xsf --vgname=v --name=a --size=9\n", "5: warning: xsf is no file"),
        ],
        ["RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"],
    ),
)
def test_where_volumes_are_mounted(layout: str, finding: str, syntax: str) -> None:
    starts = [each[: len(finding)] for each in said(f"{VG}{LV}{layout}", syntax=syntax)]
    assert starts == ([finding] if finding else [])


def test_a_file_system_for_all() -> None:
    (finding,) = said("autopart --fstype=ext5\n", syntax="RHEL9")
    assert finding == "1: warning: ext5 is no file system that Anaconda makes"


@pytest.mark.parametrize(
    ("layout", "findings", "syntax"),
    crossed(
        [
            ("mount /dev/sda1 /\n", []),
            (
                "mount /dev/vda1 /\n",
                ["1: error: mount names vda: the guest of a build has sda alone"],
            ),
            (f"reqpart --add-boot\n{VG.removeprefix(BOOT)}{LV}", []),
            ("reqpart\n", ["0: error: no / is laid out, and Anaconda wants one"]),
            (
                f"{ROOT}harddrive --partition=vdb1 --dir=/x\n",
                ["2: error: harddrive --partition names vdb: the guest of a build has sda alone"],
            ),
            (f"{ROOT}harddrive --partition=LABEL=x --dir=/x\n", []),
            (
                "raid / --device=md0 --level=1 sda1 sdb1\n",
                ["1: error: raid names sdb: the guest of a build has sda alone"],
            ),
            (
                f"{BOOT}volgroup v vdb1\n{LV}",
                ["2: error: volgroup names vdb: the guest of a build has sda alone"],
            ),
        ],
        ["RHEL8", "RHEL9", "RHEL10"],
    ),
)
def test_what_later_installers_know(layout: str, findings: list[str], syntax: str) -> None:
    assert said(layout, syntax=syntax) == findings


ESP = "no part /boot/efi, and UEFI starts from one: reqpart makes it as well"
BIOSBOOT = "no part biosboot, and BIOS starts from one on GPT: reqpart makes it as well"
ON_GPT = "this installer takes /boot/efi on GPT alone: --disklabel=gpt"
GPT = "clearpart --all --disklabel=gpt\n"
SDBOOT = "systemd-boot starts by UEFI alone"
EXTLINUX = "extlinux starts by a BIOS alone"
EFI = "part /boot/efi --fstype=efi --size=50\n"
BIOS_BOOT = "part biosboot --size=1\n"
OF_V = " --vgname=v --name=a --size=9\n"
OF_TWO = " --device=md0 --fstype=efi raid.1 raid.2"
MSDOS = GPT.replace("gpt", "msdos")
FAMILIES = ("RHEL7", "RHEL8", "RHEL9", "RHEL10", "F43", "F44")


@pytest.mark.parametrize(
    ("syntax", "firmware", "layout", "message"),
    [
        ("RHEL7", "uefi", ROOT, ESP),
        ("RHEL10", "uefi", f"{VG}{LV}", ESP),
        ("RHEL9", "uefi", f"{EFI}{ROOT}", ""),
        ("RHEL9", "uefi", f"part /boot/efi --size=49\n{ROOT}", "/boot/efi has less than 50 MiB"),
        ("RHEL9", "uefi", f"part /boot/efi --size=1 --grow --maxsize=99\n{ROOT}", ""),
        ("RHEL9", "uefi", f"part /boot/efi --onpart=sda1\n{ROOT}", ""),
        (
            "RHEL9",
            "uefi",
            f"{ROOT}part raid.1 --onpart=sda1\npart raid.2 --onpart=sda2\n"
            f"raid /boot/efi{OF_TWO} --level=1\n",
            "",
        ),
        ("RHEL9", "bios", f"part /boot/efi --size=9\n{ROOT}", ""),
        ("RHEL9", "uefi", f"reqpart\n{ROOT}", ""),
        ("RHEL9", "uefi", "autopart\n", ""),
        ("RHEL9", "uefi", f"{ROOT}bootloader --location=none\n", ""),
        ("RHEL9", "uefi", f"%include /tmp/x\n{ROOT}", ""),
        ("RHEL9", "", ROOT, ""),
        ("RHEL9", "bios", ROOT, ""),
        ("RHEL6", "uefi", ROOT, ""),
        ("RHEL9", "bios", f"{GPT}{ROOT}", BIOSBOOT),
        ("RHEL9", "bios", f"{GPT}part biosboot --fstype=biosboot --size=1\n{ROOT}", ""),
        ("RHEL10", "bios", ROOT, BIOSBOOT),
        ("F40", "bios", ROOT, BIOSBOOT),
        ("RHEL10", "bios", f"{GPT.replace('gpt', 'msdos')}{ROOT}", ""),
        ("RHEL10", "bios", f"reqpart --add-boot\n{ROOT}", ""),
        ("RHEL10", "", ROOT, ""),
        ("RHEL9", "bios", f"bootloader --extlinux\n{GPT}{ROOT}", BIOSBOOT),
        ("RHEL9", "bios", f"bootloader --extlinux\n{ROOT}", ""),
        ("F40", "bios", f"bootloader --sdboot\n{BIOS_BOOT}{ROOT}", SDBOOT),
        ("F40", "uefi", f"bootloader --sdboot\n{ROOT}", ESP),
        ("F40", "uefi", f"bootloader --sdboot\n{EFI}{ROOT}", ""),
        ("RHEL9", "uefi", f"bootloader --extlinux\n{EFI}{ROOT}", EXTLINUX),
        ("RHEL10", "bios", f'part None --fstype="BIOS Boot" --size=1\n{ROOT}', ""),
        ("RHEL10", "bios", "part / --onpart=sda1\n", ""),
        ("RHEL9", "uefi", f"{EFI.strip()}{LUKS}\n{ROOT}", "/boot/efi is encrypted, and UEFI reads"),
        ("RHEL9", "uefi", f"{VG}{LV}logvol /boot/efi{OF_V}", "/boot/efi is on LVM, and UEFI reads"),
        ("RHEL9", "uefi", f"{TWO}raid /boot/efi{OF_TWO} --level=1\n", ""),
        ("RHEL9", "uefi", f"{TWO}raid /boot/efi{OF_TWO} --level=0\n", "/boot/efi is on RAID0, and"),
        ("RHEL9", "bios", f"{TWO}raid /boot/efi{OF_TWO} --level=0\n", ""),
        *((syntax, "bios", ROOT, "") for syntax in ("RHEL7", "RHEL8")),
        *((syntax, "bios", f"{GPT}{ROOT}", BIOSBOOT) for syntax in FAMILIES),
        *((syntax, "bios", ROOT, BIOSBOOT) for syntax in ("F43", "F44")),
        *((syntax, "uefi", f"{MSDOS}{EFI}{ROOT}", "") for syntax in ("RHEL9", "RHEL10")),
        *((syntax, "uefi", f"{MSDOS}{EFI}{ROOT}", ON_GPT) for syntax in ("F43", "F44")),
    ],
)
def test_what_firmware_starts_from(syntax: str, firmware: str, layout: str, message: str) -> None:
    kickstart = Kickstart(source="x.ks", syntax=syntax, text=BEGIN + layout)
    findings = lint(kickstart, at_hand=True, firmware=firmware)
    known = [each.message for each in findings if "in clear text" not in each.message]
    starts = [each[: len(message)] for each in known if "nothing opens it" not in each]
    assert starts == ([message] if message else [])


def test_btrfs() -> None:
    volume = "part btrfs.1 --size=99\nbtrfs none --label=x btrfs.1\n"
    root = "btrfs / --subvol --name=root LABEL=x\n"
    assert said(volume + root, syntax="F40") == []
    assert said(f"{ROOT}btrfs /a --label=x btrfs.1\n", syntax="F40") == [
        "2: error: nothing makes btrfs.1"
    ]


@pytest.mark.parametrize(
    ("layout", "refused", "syntax"),
    crossed(
        [
            (
                "part /boot --size=9 --fstype=vfat\npart / --size=9\n",
                "1: error: /boot is vfat, and",
            ),
            ("part / --size=9 --fstype=swap\n", "1: error: / is swap, and Anaconda lets GRUB 2"),
            ("part /boot --size=9 --fstype=ext2\npart / --size=9\n", ""),
            ("part / --size=9 --fstype=xfs\n", ""),
            (
                "part /boot --size=9 --fstype=vfat\npart / --size=9\nbootloader --location=none\n",
                "",
            ),
            (
                f"{PV}volgroup v pv.1 --pesize=16384\n{LV}",
                "4: error: 9 MiB are less than an extent",
            ),
            (f"{PV}volgroup v pv.1 --pesize=16384\n{LV.strip()} --grow\n", ""),
            (f"{PV}volgroup v pv.1 --pesize=4096\nlogvol / --vgname=v --name=r --percent=9\n", ""),
            (f"{TWO}raid /a --device=md0 --level=0 raid.1 raid.2\n", ""),
            (f"{TWO}raid swap --device=md0 --level=1 raid.1 raid.2\n", ""),
        ],
        ["RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"],
    ),
)
def test_what_is_started_and_what_grows(layout: str, refused: str, syntax: str) -> None:
    starts = [each[: len(refused)] for each in said(layout, syntax=syntax)]
    assert starts == ([refused] if refused else [])


OLD = "volgroup v --useexisting\n"
IN_POOL = " --thin --poolname=p --vgname=v --name=a"
PRE = "%pre --erroronfail\nmkfs.xfs /dev/sda1\n%end\n"
ALL = "clearpart --all --initlabel\n"


@pytest.mark.parametrize(
    ("layout", "refused", "syntax"),
    crossed(
        [
            # A group that is there already may have its pools.
            (f"{BOOT}{OLD}logvol /{IN_POOL} --size=9\n", ""),
            (f"{BOOT}{OLD}logvol /{IN_POOL} --useexisting\n", ""),
            (f"{ROOT}logvol /a{IN_POOL} --noformat\n", ""),
            # Anaconda's own file after an installation.
            (f'{VG}{POOL.strip()} --fstype="None"\n{THIN}', ""),
            (
                f"{PV}volgroup v pv.1\n{LV}logvol /a --vgname=v --name=a --size=3\n",
                "5: error: 3 MiB",
            ),
            (f"{ROOT}part /etc --size=9\n", "2: error: /etc must be on the file system of /"),
            (f"{VG}{LV}logvol /root{OF_V}", "5: error: /root must be on the file system of /"),
            (f"{ROOT}part /mnt/a --size=9 --fstype=vfat\n", ""),
            (f"{ROOT}part /home --size=9 --fstype=vfat\n", "2: error: /home is vfat, and wants"),
            (
                f"{BOOT}part / --size=9 --fstype=ntfs\n",
                "2: error: / is ntfs, and wants a file system",
            ),
            (f"{ROOT}part /tmp --size=9 --fstype=tmpfs\n", ""),
            (
                "part / --onpart=sda1 --noformat\n",
                "1: error: / is not formatted, and Anaconda wants",
            ),
            (f"part / --onpart=sda1 --noformat\n{PRE}", ""),
            (f"{ROOT}part /a --onpart=sda1 --noformat\n", ""),
            (f"{ALL}part / --onpart=sda2\n", "2: error: clearpart --all removes sda2 first"),
            ("clearpart --all --drives=sda\npart / --onpart=sda2\n", ""),
            ("clearpart --linux\npart / --onpart=sda2\n", ""),
            (
                "part /boot --size=9 --fstype=nilfs2\npart / --size=9\n",
                "1: error: /boot is nilfs2, and",
            ),
        ],
        ["RHEL7", "RHEL8", "RHEL9", "RHEL10", "F40"],
    ),
)
def test_what_is_there_already_and_what_fits_where(layout: str, refused: str, syntax: str) -> None:
    starts = [each[: len(refused)] for each in said(layout, syntax=syntax)]
    assert starts == ([refused] if refused else [])


@pytest.mark.parametrize("syntax", ["RHEL7", "RHEL8", "RHEL9", "RHEL10"])
def test_no_kernel_in_a_thin_volume(syntax: str) -> None:
    finding = "4: error: / is on a thin volume, and Anaconda lets no boot loader start from it"
    assert said(f"{VG.removeprefix(BOOT)}{POOL}{THIN}", syntax=syntax) == [f"{finding}: add /boot"]


@pytest.mark.parametrize(
    ("syntax", "layout", "refused"),
    [
        ("RHEL6", "part / --size=9 --fstype=xfs\n", "1: error: / is xfs, and Anaconda lets GRUB"),
        ("RHEL6", "part / --size=9 --fstype=ext4\n", ""),
        ("RHEL6", f"{TWO}raid /boot --device=md0 --level=1 raid.1 raid.2\n", ""),
        (
            "RHEL6",
            f"{TWO}raid /boot --device=md0 --level=0 raid.1 raid.2\n",
            "4: error: /boot is on",
        ),
        ("RHEL7", f"{TWO}raid /boot --device=md0 --level=0 raid.1 raid.2\n", ""),
        (
            "RHEL7",
            "part / --size=9 --fstype=xfs\nbootloader --extlinux\n",
            "1: error: / is xfs, and",
        ),
        ("RHEL7", f"{VG.removeprefix(BOOT)}{LV}bootloader --extlinux\n", "3: error: / is on LVM"),
        (
            "RHEL9",
            f"{TWO}raid /boot --device=md0 --level=1 raid.1 raid.2\nbootloader --extlinux\n",
            "4: error: /boot is on RAID, and extlinux starts from none",
        ),
        ("RHEL9", f"{BOOT}part / --size=9 --fstype=xfs\nbootloader --extlinux\n", ""),
    ],
)
def test_other_loaders_read_less(syntax: str, layout: str, refused: str) -> None:
    starts = [each[: len(refused)] for each in said(layout, syntax=syntax)]
    assert starts == ([refused] if refused else [])


@pytest.mark.parametrize("syntax", ["RHEL7", "F40"])
@pytest.mark.parametrize(
    ("subvolume", "missing"),
    [("x", ""), ("LABEL=x", ""), ("btrfs.1", ""), ("LABEL=y", "LABEL=y"), ("btrfs.2", "btrfs.2")],
)
def test_a_subvolume_comes_after_its_volume(subvolume: str, missing: str, syntax: str) -> None:
    part, volume = f"{BOOT}part btrfs.1 --size=99\n", "btrfs none --label=x btrfs.1\n"
    root = f"btrfs / --subvol --name=root {subvolume}\n"
    finding = f"4: error: no btrfs before this line makes {missing}"
    assert said(part + volume + root, syntax=syntax) == [finding] * bool(missing)
    (early,) = said(part + root + volume, syntax=syntax)
    assert early == f"3: error: no btrfs before this line makes {subvolume}"
    there = f"{BOOT}btrfs / --subvol --name=root LABEL=y\n"
    assert said(there, syntax=syntax) == []


@pytest.mark.parametrize("below", ["btrfs /", "btrfs none"])
def test_btrfs_that_is_encrypted(below: str) -> None:
    volume = f"part btrfs.1 --size=99{LUKS}\n{below} --label=x btrfs.1\n"
    root = "btrfs / --subvol --name=root LABEL=x\n" if below == "btrfs none" else ""
    (finding,) = said(volume + root, syntax="F40")
    assert "/ is encrypted, and Anaconda lets no boot loader start from it" in finding
    assert said(f"{BOOT}{volume}{root}", syntax="F40") == []


@pytest.mark.parametrize("syntax", ["F40", "RHEL10"])
@pytest.mark.parametrize("root", [f"part / --size=9{LUKS}\n", VG.removeprefix(BOOT) + LV])
def test_systemd_boot_reads_no_boot(root: str, syntax: str) -> None:
    assert said(f"bootloader --sdboot\n{root}", syntax=syntax) == []


@pytest.mark.parametrize("syntax", sorted(versionMap))
def test_every_syntax_has_what_is_asked_of_it(syntax: str) -> None:
    text = "network --bootproto=static --ip=10.0.0.2 --netmask=255.0.0.0 --device=ens3\n" + ROOT
    for firmware in ("bios", "uefi"):
        kickstart = Kickstart(source="x.ks", syntax=syntax, text=text)
        findings = lint(kickstart, capacity=1 << 32, firmware=firmware, binds=True)
        assert "neither rootpw nor user" in str(findings)
