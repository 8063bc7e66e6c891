"""The boot menus and media descriptions of the rehearsal, against what EL media have."""

import configparser
import re
from pathlib import Path

import pytest

from builder.errors import UsageError
from builder.rehearsal.layouts import files, known
from builder.rehearsal.layouts.layout import Medium

STAGE2 = {
    "el7": r"inst.stage2=hd:LABEL=Builder\x20Rehearsal\x207",
    "el10": "inst.stage2=hd:LABEL=Builder-Rehearsal-10-x86_64",
}
DATA = Path(files.__file__).parents[1] / "data"
ISOLINUX = (DATA / "el7/tree/isolinux/isolinux.cfg").read_text()
BIOS_GRUB = (DATA / "el10/tree/boot/grub2/grub.cfg").read_text()
EFI_GRUB = {name: (DATA / name / "tree/EFI/BOOT/grub.cfg").read_text() for name in STAGE2}
GRUB = [
    pytest.param("el7", EFI_GRUB["el7"], "efi", id="el7"),
    pytest.param("el10", EFI_GRUB["el10"], "", id="el10-uefi"),
    pytest.param("el10", BIOS_GRUB, "", id="el10-bios"),
]


def entry(name: str) -> str:
    return ISOLINUX.split(f"label {name}\n")[1].split("\nlabel ")[0]


def test_isolinux_checks_the_media_by_default_after_a_minute() -> None:
    assert "\ntimeout 600\n" in ISOLINUX
    assert "menu default" in entry("check")
    assert f"append initrd=initrd.img {STAGE2['el7']} " in entry("check")
    assert " rd.live.check quiet\n" in entry("check")
    assert ISOLINUX.count("menu default") == 1


@pytest.mark.parametrize("name", ["linux", "check", "vesa", "rescue"])
def test_every_isolinux_entry_names_stage2_once(name: str) -> None:
    assert entry(name).count(STAGE2["el7"]) == 1


def test_isolinux_keeps_entries_without_kernel_arguments() -> None:
    assert "append" not in entry("memtest") + entry("local")
    assert ISOLINUX.index("menu begin ^Troubleshooting") < ISOLINUX.index("label vesa")
    assert ISOLINUX.index("label returntomain") < ISOLINUX.index("menu end")


@pytest.mark.parametrize(("layout", "text", "suffix"), GRUB)
def test_grub_checks_the_media_by_default_after_a_minute(
    layout: str, text: str, suffix: str
) -> None:
    assert 'set default="1"\n' in text
    assert "set timeout=60\n" in text
    assert f"search --no-floppy --set=root -l '{known.find(layout).volume_id}'\n" in text
    kernels = re.findall(r"^\s*(linux\S*) /images/pxeboot/vmlinuz (.*)$", text, re.M)
    assert [command for command, _ in kernels] == [f"linux{suffix}"] * 4
    assert ["rd.live.check" in arguments for _, arguments in kernels] == [False, True, False, False]
    assert text.count(STAGE2[layout]) == 4
    assert text.count(f"initrd{suffix} /images/pxeboot/initrd.img\n") == 4


@pytest.mark.parametrize(("layout", "text", "suffix"), GRUB)
def test_grub_nests_its_troubles(layout: str, text: str, suffix: str) -> None:
    assert text.count("{") == text.count("}")
    main, trouble = text.split("submenu ")
    assert f"\n\tlinux{suffix} /images/pxeboot/vmlinuz {STAGE2[layout]}" in main
    assert f"\n\t\tlinux{suffix} /images/pxeboot/vmlinuz {STAGE2[layout]}" in trouble


@pytest.mark.parametrize(
    ("text", "drives"),
    [(BIOS_GRUB, ["hd0", "hd1"]), (EFI_GRUB["el10"], [])],
    ids=["bios", "uefi"],
)
def test_el_10_chains_to_drives_under_bios_only(text: str, drives: list[str]) -> None:
    assert re.findall(r"^\t\tchainloader \((.*)\)\+1$", text, re.M) == drives


def test_treeinfo_of_el_7_is_the_old_form() -> None:
    parser = _parsed((DATA / "el7/treeinfo").read_text())
    assert parser["general"]["arch"] == "x86_64"
    assert parser["images-x86_64"]["kernel"] == "images/pxeboot/vmlinuz"
    assert "header" not in parser


def _parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("name", STAGE2)
def test_a_medium_says_what_it_is(tmp_path: Path, name: str) -> None:
    layout = known.find(name)
    assert len(layout.volume_id) <= 32, "ISO 9660 has no room for more"
    for path in layout.checked:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("abc")
    medium = Medium(
        root=tmp_path,
        work=tmp_path,
        target=tmp_path,
        kernel=tmp_path / "k",
        initrd=tmp_path / "i",
    )
    files.describe(layout, medium)
    treeinfo = (tmp_path / ".treeinfo").read_text()
    assert _parsed(treeinfo)["stage2"]["mainimage"] == layout.stage2
    digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (treeinfo.count(digest), treeinfo.count("@")) == (len(layout.checked), 0)
    assert (tmp_path / ".discinfo").read_text().startswith(f"{layout.timestamp}.000000\n")
    assert str(layout.timestamp) in treeinfo


def test_treeinfo_of_el_10_is_the_form_of_productmd() -> None:
    parser = _parsed((DATA / "el10/treeinfo").read_text())
    assert dict(parser["header"]) == {"type": "productmd.treeinfo", "version": "1.2"}
    assert (parser["release"]["name"], parser["release"]["version"]) == ("Builder Rehearsal", "10")
    assert parser[f"variant-{parser['tree']['variants']}"]["repository"] == "."


def test_layouts_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="no rehearsal layout el6") as raised:
        known.find("el6")
    assert raised.value.hint == "Known: el7, el10."
