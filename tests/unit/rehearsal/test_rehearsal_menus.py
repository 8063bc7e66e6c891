"""The boot menus and media descriptions of the rehearsal, against what EL 7 media have."""

import configparser

import pytest

from builder.rehearsal.layouts import el7_texts, entries

STAGE2 = r"inst.stage2=hd:LABEL=Builder\x20Rehearsal\x207"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("CentOS 7 x86_64", r"CentOS\x207\x20x86_64"),
        ("Plain-1.0_a", "Plain-1.0_a"),
        ("a/b", r"a\x2fb"),
    ],
)
def test_escape(label: str, expected: str) -> None:
    assert entries.escape(label) == expected


def test_isolinux_checks_the_media_by_default_after_a_minute() -> None:
    text = el7_texts.isolinux()
    assert "\ntimeout 600\n" in text
    entry = text.split("label check\n")[1].split("\nlabel ")[0]
    assert "menu default" in entry
    assert f"append initrd=initrd.img {STAGE2} " in entry
    assert " rd.live.check quiet\n" in entry
    assert text.count("menu default") == 1


def test_isolinux_keeps_entries_without_kernel_arguments() -> None:
    text = el7_texts.isolinux()
    for name in ("memtest", "local"):
        entry = text.split(f"label {name}\n")[1].split("\nlabel ")[0]
        assert "append" not in entry
    assert text.index("menu begin ^Troubleshooting") < text.index("label vesa")
    assert text.index("label returntomain") < text.index("menu end")


@pytest.mark.parametrize("name", ["linux", "check", "vesa", "rescue"])
def test_every_isolinux_entry_names_stage2_once(name: str) -> None:
    entry = el7_texts.isolinux().split(f"label {name}\n")[1].split("\nlabel ")[0]
    assert entry.count(STAGE2) == 1


def test_grub_checks_the_media_by_default_after_a_minute() -> None:
    text = el7_texts.grub()
    assert 'set default="1"\n' in text
    assert "set timeout=60\n" in text
    assert "search --no-floppy --set=root -l 'Builder Rehearsal 7'\n" in text
    entries = text.split("menuentry ")[1:]
    assert "rd.live.check" in entries[1]
    assert "rd.live.check" not in entries[0]
    assert text.count(STAGE2) == len(entries) == 4


def test_grub_nests_its_troubles() -> None:
    text = el7_texts.grub()
    assert text.count("{") == text.count("}")
    assert "\n\t\tlinuxefi /images/pxeboot/vmlinuz" in text.split("submenu ")[1]


def test_treeinfo_is_the_old_form() -> None:
    parser = configparser.ConfigParser()
    parser.read_string(el7_texts.treeinfo(1603729576))
    assert parser["stage2"]["mainimage"] == "LiveOS/squashfs.img"
    assert parser["general"]["arch"] == "x86_64"
    assert parser["images-x86_64"]["kernel"] == "images/pxeboot/vmlinuz"
    assert "header" not in parser


def test_discinfo_has_three_lines() -> None:
    assert el7_texts.discinfo(1603729576).splitlines() == ["1603729576.000000", "7", "x86_64"]
