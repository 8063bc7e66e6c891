"""The boot menus and media descriptions of the rehearsal, against what EL media have."""

import configparser
import re
from pathlib import Path

import pytest

from builder.errors import UsageError
from builder.rehearsal.layouts import files, known
from builder.rehearsal.layouts.describe import describe
from builder.rehearsal.layouts.layout import Layout, Medium

LABELS = {
    "el7": r"inst.stage2=hd:LABEL=Builder\x20Rehearsal\x207",
    "el8": "inst.stage2=hd:LABEL=Builder-Rehearsal-8-x86_64",
    "el9": "inst.stage2=hd:LABEL=Builder-Rehearsal-9-x86_64",
    "el10": "inst.stage2=hd:LABEL=Builder-Rehearsal-10-x86_64",
}
ISOLINUX = ("el7", "el8", "el9")
GRUB = (
    ("el7", "EFI/BOOT/grub.cfg", "efi"),
    ("el8", "EFI/BOOT/grub.cfg", "efi"),
    ("el9", "EFI/BOOT/grub.cfg", "efi"),
    ("el10", "EFI/BOOT/grub.cfg", ""),
    ("el10", "boot/grub2/grub.cfg", ""),
)
FIPS = {"el9", "el10"}
"""Whose menus have an entry for FIPS mode, since 2025."""
BASIC = {
    "el7": "xdriver=vesa nomodeset",
    "el8": "nomodeset",
    "el9": "inst.text",
    "el10": "nomodeset",
}
RESCUE = {"el7": "rescue", "el8": "inst.rescue", "el9": "inst.rescue", "el10": "inst.rescue"}


def medium(root: Path) -> Medium:
    return Medium(root=root, work=root, target=root, kernel=root / "k", initrd=root / "i")


@pytest.fixture
def menu(tmp_path: Path) -> "Menu":
    return Menu(tmp_path)


class Menu:
    """The menus of the layouts as they are on their media."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, path: str) -> str:
        root = self._folder / name
        files.copy_texts(known.find(name), medium(root))
        return (root / path).read_text()

    def entry(self, name: str, label: str) -> str:
        text = self.read(name, "isolinux/isolinux.cfg")
        return text.split(f"label {label}\n")[1].split("\nlabel ")[0]


@pytest.mark.parametrize("name", ISOLINUX)
def test_isolinux_checks_the_media_by_default_after_a_minute(menu: Menu, name: str) -> None:
    text = menu.read(name, "isolinux/isolinux.cfg")
    assert "\ntimeout 600\n" in text
    assert text.count("menu default") == 1
    entry = menu.entry(name, "check")
    assert "menu default" in entry
    assert f"append initrd=initrd.img {LABELS[name]} " in entry
    assert " rd.live.check quiet\n" in entry


@pytest.mark.parametrize("name", ISOLINUX)
def test_every_isolinux_entry_with_a_kernel_names_stage2_once(menu: Menu, name: str) -> None:
    text = menu.read(name, "isolinux/isolinux.cfg")
    appended = re.findall(r"^  append initrd=initrd.img (\S+) (.*)$", text, re.M)
    assert {stage2 for stage2, _ in appended} == {LABELS[name]}
    told = [arguments.removeprefix("mitigations=off no_timer_check ") for _, arguments in appended]
    fips = ["quiet fips=1"] if name in FIPS else []
    basic, rescue = f"{BASIC[name]} quiet", f"{RESCUE[name]} quiet"
    assert told == ["quiet", "rd.live.check quiet", *fips, basic, rescue]


@pytest.mark.parametrize("name", ISOLINUX)
def test_isolinux_keeps_entries_without_kernel_arguments(menu: Menu, name: str) -> None:
    assert "append" not in menu.entry(name, "memtest") + menu.entry(name, "local")
    text = menu.read(name, "isolinux/isolinux.cfg")
    nested = text.index("label text" if name == "el9" else "label vesa")
    assert text.index("menu begin ^Troubleshooting") < nested
    assert text.index("label returntomain") < text.index("menu end")


@pytest.mark.parametrize(("name", "path", "suffix"), GRUB)
def test_grub_checks_the_media_by_default_after_a_minute(
    menu: Menu, name: str, path: str, suffix: str
) -> None:
    text = menu.read(name, path)
    assert 'set default="1"\n' in text
    assert "set timeout=60\n" in text
    assert f"search --no-floppy --set=root -l '{known.find(name).volume_id}'\n" in text
    found = re.findall(r"^\s*(linux\S*) /images/pxeboot/vmlinuz (\S+) (.*)$", text, re.M)
    assert {(command, stage2) for command, stage2, _ in found} == {(f"linux{suffix}", LABELS[name])}
    told = [arguments.removeprefix("mitigations=off no_timer_check ") for *_, arguments in found]
    fips = ["quiet fips=1"] if name in FIPS else []
    basic, rescue = f"{BASIC[name]} quiet", f"{RESCUE[name]} quiet"
    assert told == ["quiet", "rd.live.check quiet", *fips, basic, rescue]
    assert text.count(f"initrd{suffix} /images/pxeboot/initrd.img\n") == len(found)


@pytest.mark.parametrize(("name", "path", "suffix"), GRUB)
def test_grub_nests_its_troubles(menu: Menu, name: str, path: str, suffix: str) -> None:
    text = menu.read(name, path)
    assert text.count("{") == text.count("}")
    main, trouble = text.split("submenu ")
    assert f"\n\tlinux{suffix} /images/pxeboot/vmlinuz {LABELS[name]}" in main
    assert f"\n\t\tlinux{suffix} /images/pxeboot/vmlinuz {LABELS[name]}" in trouble


@pytest.mark.parametrize(
    ("path", "drives"), [("boot/grub2/grub.cfg", ["hd0", "hd1"]), ("EFI/BOOT/grub.cfg", [])]
)
def test_el_10_chains_to_drives_under_bios_only(menu: Menu, path: str, drives: list[str]) -> None:
    text = menu.read("el10", path)
    assert re.findall(r"^\t\tchainloader \((.*)\)\+1$", text, re.M) == drives


def described(name: str, root: Path) -> tuple[Layout, configparser.ConfigParser]:
    layout = known.find(name)
    for path in layout.checked:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("abc")
    describe(layout, medium(root))
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(root / ".treeinfo")
    return layout, parser


def test_el_7_describes_itself_in_the_old_form(tmp_path: Path) -> None:
    layout, parser = described("el7", tmp_path)
    assert parser["general"]["arch"] == "x86_64"
    assert parser["general"]["timestamp"] == f"{layout.timestamp}.00"
    assert parser["images-x86_64"]["kernel"] == "images/pxeboot/vmlinuz"
    assert parser["stage2"]["mainimage"] == layout.stage2
    assert "header" not in parser
    assert (tmp_path / ".discinfo").read_text() == f"{layout.timestamp}.000000\n7\nx86_64\n"
    assert not (tmp_path / "media.repo").exists()


@pytest.mark.parametrize("name", [name for name in known.names() if name != "el7"])
def test_others_describe_themselves_as_productmd_does(tmp_path: Path, name: str) -> None:
    layout, parser = described(name, tmp_path)
    digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert dict(parser["header"]) == {"type": "productmd.treeinfo", "version": "1.2"}
    assert dict(parser["checksums"]) == dict.fromkeys(layout.checked, digest)
    assert parser["release"]["name"] == "Builder Rehearsal"
    assert parser["release"]["version"] == layout.version
    assert parser["stage2"]["mainimage"] == "images/install.img"
    assert parser["tree"]["build_timestamp"] == str(layout.timestamp)
    assert parser["images-x86_64"]["initrd"] == "images/pxeboot/initrd.img"
    assert ("efiboot.img" in parser["images-x86_64"]) == (layout.family != "el10")
    second = "Minimal" if name.endswith("-minimal") else "AppStream"
    assert set(parser["tree"]["variants"].split(",")) == {"BaseOS", second}
    for variant in ("BaseOS", second):
        section = parser[f"variant-{variant}"]
        assert (section["repository"], section["packages"]) == (variant, f"{variant}/Packages")
    stamp = f"{layout.timestamp}.000000"
    assert (tmp_path / ".discinfo").read_text() == f"{stamp}\n{layout.product}\nx86_64\nALL\n"
    assert f"\nmediaid={stamp}\n" in (tmp_path / "media.repo").read_text()


@pytest.mark.parametrize("name", known.names())
def test_labels_fit_into_an_iso(name: str) -> None:
    assert len(known.find(name).volume_id) <= 32


def test_layouts_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match="no rehearsal layout el6") as raised:
        known.find("el6")
    assert raised.value.hint.startswith("Did you mean el")
