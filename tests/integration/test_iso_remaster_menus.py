"""Media whose menus lie elsewhere: edited where the loaders look, or told of by firmware."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import small_media
from remastering import WISHES, change, problems, shown
from typer.testing import CliRunner

from builder.cli import iso as command
from builder.cli.context import Context
from builder.errors import MediaError
from builder.iso.source import opened
from builder.iso.survey import survey
from builder.media import menu_check, starting
from builder.media.edits import Edits
from builder.media.inspect import inspect
from builder.media.remaster import planned, remaster
from builder.media.routes import routes
from builder.monitor import SilentMonitor
from tests.hosts import settings
from tests.monitors import Heard

pytestmark = small_media.NEEDED

_KS = r"inst.ks=hd:LABEL=CentOS\x207\x20x86_64:/ks.cfg"
_BIOS = ("-no-emul-boot", "-boot-load-size", "4", "-boot-info-table")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_media.plant(tmp_path_factory.mktemp("planted") / "tree")


@pytest.fixture
def tree(planted: Path, tmp_path: Path) -> Path:
    """Return a tree of an EL 7 medium to be changed."""
    copy = tmp_path / "tree"
    shutil.copytree(planted, copy)
    return copy


def _master(tree: Path, folder: str = "isolinux") -> Path:
    iso = tree.with_name("original.iso")
    boot = ("-b", f"{folder}/isolinux.bin", "-c", f"{folder}/boot.cat", *_BIOS, *small_media.UEFI)
    names = ("-quiet", "-V", small_media.LABEL, "-R", "-J", "-joliet-long")
    small_media.call("genisoimage", *names, *boot, "-o", iso, tree)
    return iso


def _efi(tree: Path) -> None:
    """Make the EFI boot image anew from the tree."""
    small_media.efi_image(tree, tree / "images/efiboot.img")


def _starts(iso: Path) -> dict[str, str]:
    with opened(iso) as source:
        medium = survey(source)
        found = starting.starts(routes(medium), medium.volume_id)
    return {each.firmware: each.reason for each in found}


@pytest.mark.parametrize("folder", ["boot/isolinux", "boot/syslinux", "syslinux", "isolinux"])
@pytest.mark.parametrize("name", ["isolinux.cfg", "syslinux.cfg"])
def test_isolinux_elsewhere(folder: str, name: str, tree: Path) -> None:
    (tree / folder).parent.mkdir(exist_ok=True)
    (tree / "isolinux").rename(tree / folder)
    (tree / folder / "isolinux.cfg").rename(tree / folder / name)
    result = change(_master(tree, folder)).path
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    assert _KS in shown(result, f"/{folder}/{name}")
    assert f"{folder}/{name}" in inspect(result).boot_configs
    assert problems(result) == ()


def test_the_first_menu_that_isolinux_finds_counts(tree: Path) -> None:
    (tree / "boot/isolinux").mkdir(parents=True)
    (tree / "boot/isolinux/isolinux.cfg").write_text("label a\n  localboot 0\n")
    iso = _master(tree)
    result = change(iso).path
    reason = "boot/isolinux/isolinux.cfg starts nothing by itself"
    assert _starts(result) == {"BIOS": reason, "UEFI": ""}
    assert problems(result) == ()
    with pytest.raises(MediaError, match=f"BIOS will not start by itself: {reason}") as caught:
        change(iso, Edits(kickstart="", firmware="bios"), output=tree.with_name("b.iso"))
    assert "--oemdrv" in caught.value.hint
    assert not tree.with_name("b.iso").exists()
    with pytest.raises(MediaError, match="BIOS will not start"):
        planned(iso, Edits(kickstart="", firmware="bios"))
    change(iso, Edits(kickstart="", firmware="uefi"), output=tree.with_name("u.iso"))


def test_a_remaster_and_a_check_tell_what_does_not_start(tree: Path) -> None:
    (tree / "EFI/BOOT/grub.cfg").rename(tree / "EFI/BOOT/BOOTX64.conf")
    (tree / "EFI/BOOT/BOOTX64.conf").write_text("default=0\ntimeout 5\ntitle a\n kernel /k\n")
    _efi(tree)
    output, monitor = tree.with_name("out.iso"), Heard()
    remaster(_master(tree), WISHES, output=output, monitor=monitor)
    told = "UEFI will not start by itself: its loader is GRUB legacy"
    assert [kind for kind, text, _ in monitor.told if text.startswith(told)] == ["warning"]
    here = Context(settings=settings(tree.parent), monitor=SilentMonitor())
    done = CliRunner().invoke(command.app, ["verify", str(output)], obj=here)
    assert done.exit_code == 0
    assert told in done.stdout
    assert "BIOS" not in done.stdout


_GRUB = """\
set default=1
set timeout=60
set timeout_style=hidden
search --no-floppy --set=root -l 'CentOS 7 x86_64'
menuentry 'Install' --class os {
	linuxefi /images/pxeboot/vmlinuz \\
		inst.stage2=hd:LABEL=CentOS\\x207\\x20x86_64 \\
		quiet
	initrdefi /images/pxeboot/initrd.img
}
menuentry 'Other' {
	chainloader (hd0)+1
}
"""


def test_continued_lines(tree: Path) -> None:
    (tree / "EFI/BOOT/grub.cfg").write_text(_GRUB)
    _efi(tree)
    result = change(_master(tree)).path
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    menu = shown(result, "/EFI/BOOT/grub.cfg")
    (line,) = [each for each in menu.splitlines() if "inst.ks" in each]
    arguments = r"inst.stage2=hd:LABEL=CentOS\x207\x20x86_64", _KS, "console=tty0"
    assert tuple(line.split()[2:5]) == arguments
    assert "set timeout_style=menu\n" in menu
    assert "set timeout=1\n" in menu


@pytest.mark.parametrize("quote", ['"', "'"])
def test_arguments_in_quotes(quote: str, tree: Path) -> None:
    name = r"inst.stage2=hd:LABEL=CentOS\x207\x20x86_64"
    (tree / "EFI/BOOT/grub.cfg").write_text(_GRUB.replace(name, f"{quote}{name}{quote}"))
    _efi(tree)
    iso = _master(tree)
    assert not any("names the volume" in each for each in problems(iso))
    assert problems(change(iso).path) == ()
    edits = Edits(kickstart="", volume_id="NEW")
    renamed = change(iso, edits, output=tree.with_name("renamed.iso")).path
    assert problems(renamed) == ()
    assert f"{quote}inst.stage2=hd:LABEL=NEW{quote}" in shown(renamed, "/EFI/BOOT/grub.cfg")


def test_a_stub_in_the_image_leads_to_the_menu(tree: Path) -> None:
    (tree / "boot/grub").mkdir(parents=True, exist_ok=True)
    (tree / "EFI/BOOT/grub.cfg").rename(tree / "boot/grub/grub.cfg")
    stub = "search --file --set=root /.discinfo\nconfigfile ($root)/boot/grub/grub.cfg\n"
    (tree / "EFI/BOOT/grub.cfg").write_text(stub)
    _efi(tree)
    result = change(_master(tree)).path
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    assert _KS in shown(result, "/boot/grub/grub.cfg")


def test_a_stage_2_of_another_volume_is_put_right(tree: Path) -> None:
    for path in (tree / "isolinux/isolinux.cfg", tree / "EFI/BOOT/grub.cfg"):
        path.write_text(path.read_text().replace(r"\x20", "x20"))
    _efi(tree)
    iso = _master(tree)
    assert any("CentOSx207x20x86_64" in each for each in problems(iso))
    result = change(iso).path
    assert problems(result) == ()
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    edits = Edits(kickstart="", append=("inst.stage2=hd:LABEL=Other",))
    with pytest.raises(MediaError, match="Other"):
        change(iso, edits, output=tree.with_name("other.iso"))


def test_live_media_are_refused(tree: Path) -> None:
    live = "root=live:CDLABEL=CentOS\\x207\\x20x86_64 rd.live.image quiet"
    for path in (tree / "isolinux/isolinux.cfg", tree / "EFI/BOOT/grub.cfg"):
        text = path.read_text().replace(r"inst.stage2=hd:LABEL=CentOS\x207\x20x86_64", live)
        path.write_text(text)
    _efi(tree)
    with pytest.raises(MediaError, match=r"original\.iso is a live medium"):
        change(_master(tree))


def test_an_image_for_macs_that_is_hfs_is_left_alone(tree: Path) -> None:
    image = bytearray(1 << 20)
    image[1024:1026] = b"H+"
    (tree / "images/macboot.img").write_bytes(image)
    iso = small_media.by_genisoimage(tree, tree.with_name("original.iso"), mac=True)
    assert len(inspect(iso).boot_entries) == 3
    result = change(iso).path
    assert _starts(result)["UEFI"] == ""
    assert "no FAT" in _starts(result)["Mac firmware"]
    assert problems(result) == ()


def test_an_image_that_is_hfs_alone_is_told(tree: Path) -> None:
    image = bytearray(1 << 20)
    image[1024:1026] = b"H+"
    (tree / "images/efiboot.img").write_bytes(image)
    result = change(_master(tree)).path
    assert _starts(result) == {"BIOS": "", "UEFI": "its boot image is no FAT file system"}


def _default(text: str) -> str:
    return text.replace('set default="0"', 'set default="1"')


def _waits(text: str) -> str:
    return text.replace("set timeout=1", "set timeout=x")


def _other_kickstart(text: str) -> str:
    return text.replace("inst.ks=", "inst.kx=")


def _no_kernel(text: str) -> str:
    return text.replace("/images/pxeboot/vmlinuz inst", "/images/pxeboot/vmlinux inst")


@pytest.mark.parametrize("damage", [_default, _waits, _other_kickstart, _no_kernel])
def test_a_menu_of_ours_that_does_not_start_is_a_problem(
    damage: Callable[[str], str], tree: Path, tmp_path: Path
) -> None:
    result = change(_master(tree), WISHES).path
    content = result.read_bytes().decode("latin-1")
    damaged = tmp_path / "damaged.iso"
    damaged.write_bytes(damage(content).encode("latin-1"))
    with opened(damaged) as source:
        found = list(menu_check.problems(survey(source)))
    assert any("UEFI will not start by itself" in each for each in found)


def _by_mkrescue(tree: Path, config: str, *more: str) -> Path:
    """Make a medium as grub-mkrescue does."""
    (tree / "boot/grub").mkdir(parents=True, exist_ok=True)
    (tree / "images").mkdir(exist_ok=True)
    for name in ("vmlinuz", "initrd.img"):
        (tree / "images" / name).write_bytes(name.encode() * 500)
    (tree / "boot/grub/grub.cfg").write_text(config)
    iso = tree.with_name("rescue.iso")
    small_media.call(
        "grub-mkrescue", "-o", iso, tree, "--", "-hfsplus", "off", "-volid", "MINE", *more
    )
    return iso


_MENUENTRY = """\
menuentry 'Install' {
	linux /images/vmlinuz inst.stage2=hd:LABEL=MINE
	initrd /images/initrd.img
}
"""


@pytest.mark.skipif(not shutil.which("grub-mkrescue"), reason="no grub-mkrescue")
@pytest.mark.parametrize(
    "search",
    [
        "",
        "search --fs-uuid --set=root 2026-01-02-03-04-05-00\n",
        "if [ -f /.disk/info ]; then set timeout=5; else set timeout=-1; fi\n",
        "if loadfont unicode; then insmod gfxterm; fi\n",
    ],
)
def test_media_of_grub_mkrescue(search: str, tmp_path: Path) -> None:
    (tmp_path / "tree/.disk").mkdir(parents=True)
    (tmp_path / "tree/.disk/info").write_text("mine")
    date = "-volume_date", "m", "2026010203040500"
    result = change(_by_mkrescue(tmp_path / "tree", search + _MENUENTRY, *date)).path
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    assert "inst.ks=hd:LABEL=MINE:/ks.cfg" in shown(result, "/boot/grub/grub.cfg")
    assert problems(result) == ()


_INCLUDED = {
    "entries in another file": ("source /boot/grub/more.cfg\nset default=2\n", _MENUENTRY),
    "settings in another file": (
        f"source /boot/grub/more.cfg\n{_MENUENTRY}", "set default=3\nset timeout=-1\n"
    ),
}  # fmt: skip


@pytest.mark.skipif(not shutil.which("grub-mkrescue"), reason="no grub-mkrescue")
@pytest.mark.parametrize("name", _INCLUDED)
def test_files_that_a_menu_includes_are_edited(name: str, tmp_path: Path) -> None:
    config, more = _INCLUDED[name]
    (tmp_path / "tree/boot/grub").mkdir(parents=True)
    (tmp_path / "tree/boot/grub/more.cfg").write_text(more)
    result = change(_by_mkrescue(tmp_path / "tree", config)).path
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    assert problems(result) == ()


@pytest.mark.parametrize("name", ["txt.cfg", "grub.cfg", "menu.inc"])
def test_entries_that_isolinux_includes(name: str, tree: Path) -> None:
    menu = tree / "isolinux/isolinux.cfg"
    head, label, rest = menu.read_text().partition("label linux")
    (tree / "isolinux" / name).write_text(label + rest)
    menu.write_text(f"{head}\nINCLUDE first.cfg\n")
    (tree / "isolinux/first.cfg").write_text(f"MENU INCLUDE {name} x\nontimeout local\n")
    result = change(_master(tree)).path
    assert _starts(result) == {"BIOS": "", "UEFI": ""}
    assert _KS in shown(result, f"/isolinux/{name}")
    assert f"isolinux/{name}" in inspect(result).boot_configs
    assert problems(result) == ()


_WITHOUT = {
    "ldlinux.c32": "its isolinux is of version 6 and there is no ldlinux.c32 for it",
    "vesamenu.c32": "isolinux/isolinux.cfg shows its menu by isolinux/vesamenu.c32, which is not",
    "libutil.c32": "isolinux/vesamenu.c32 needs libutil.c32, which is not there",
    "libcom32.c32": "isolinux/vesamenu.c32 needs libcom32.c32, which is not there",
}


@pytest.mark.parametrize("name", _WITHOUT)
def test_parts_that_isolinux_lacks(name: str, tree: Path) -> None:
    (tree / "isolinux" / name).unlink()
    with pytest.raises(MediaError, match=f"BIOS will not start by itself: {_WITHOUT[name]}"):
        change(_master(tree))


def test_modules_of_another_isolinux(tree: Path) -> None:
    (tree / "isolinux/vesamenu.c32").write_bytes(b"\xb8\xff\x4c\xcd\x21" + bytes(9000))
    with pytest.raises(MediaError, match=r"vesamenu\.c32 is of another isolinux than that of ver"):
        change(_master(tree))


def test_parts_of_isolinux_elsewhere(tree: Path) -> None:
    (tree / "boot/syslinux").mkdir(parents=True)
    for name in ("ldlinux.c32", "libutil.c32"):
        (tree / "isolinux" / name).rename(tree / "boot/syslinux" / name)
    assert _starts(change(_master(tree)).path)["BIOS"] == ""


@pytest.mark.parametrize(("as_stick", "reason"), [(False, ""), (True, "is not there")])
def test_a_menu_that_looks_for_no_volume_needs_a_cd(
    reason: str, tree: Path, *, as_stick: bool
) -> None:
    """GRUB's first device is the whole CD, and of a stick the partition of the boot image."""
    lines = _GRUB.splitlines(keepends=True)
    menu = "".join(each for each in lines if not each.startswith("search"))
    (tree / "EFI/BOOT/grub.cfg").write_text(menu)
    _efi(tree)
    iso = small_media.by_genisoimage(tree, tree.with_name("original.iso"), hybrid=as_stick)
    if reason:
        with pytest.raises(MediaError, match=reason):
            change(iso)
    else:
        assert _starts(change(iso).path) == {"BIOS": "", "UEFI": ""}


@pytest.mark.skipif(not shutil.which("grub-mkrescue"), reason="no grub-mkrescue")
def test_a_grub_that_spoils_the_label(tmp_path: Path) -> None:
    iso = _by_mkrescue(tmp_path / "tree", _MENUENTRY, "-volid", "MY LABEL")
    with pytest.raises(
        MediaError, match=r"a GRUB that spoils inst\.(stage2|ks)=hd:LABEL=MY.x20LAB"
    ):
        change(iso)
    edits = Edits(kickstart="", volume_id="MY-LABEL")
    assert _starts(change(iso, edits, output=tmp_path / "out.iso").path)["BIOS"] == ""


@pytest.mark.skipif(not shutil.which("grub-mkrescue"), reason="no grub-mkrescue")
def test_an_initramfs_of_which_a_part_is_missing(tmp_path: Path) -> None:
    menu = _MENUENTRY.replace("initrd.img", "initrd.img /images/more.img")
    with pytest.raises(MediaError, match=r"starts /images/more\.img, which is not there"):
        change(_by_mkrescue(tmp_path / "tree", menu))


_SEARCHES = {
    "search --no-floppy --label MINE --set=root --hint-bios=hd0,msdos1": (),
    "search --no-floppy --set=root -l 'MINE' # the volume": (),
    "search --set=root -l $label": (),
    "# search --set=root -l OTHER": (),
    "search -s root -l OTHER --hint hd0": (
        "boot/grub/grub.cfg names the volume 'OTHER'; this one is 'MINE'.",
    ),
}


@pytest.mark.skipif(not shutil.which("grub-mkrescue"), reason="no grub-mkrescue")
@pytest.mark.parametrize("search", _SEARCHES)
def test_labels_that_menus_search(search: str, tmp_path: Path) -> None:
    iso = _by_mkrescue(tmp_path / "tree", f"{search}\nset timeout=5\n{_MENUENTRY}")
    assert problems(iso) == _SEARCHES[search]


def test_a_label_of_which_joliet_knows_another(tree: Path, tmp_path: Path) -> None:
    content = change(_master(tree)).path.read_bytes()
    other = tmp_path / "other.iso"
    other.write_bytes(
        content.replace("CentOS".encode("utf-16-be"), "Dentos".encode("utf-16-be"), 1)
    )
    assert any("Joliet calls the volume 'Dentos" in each for each in problems(other))
    edits = Edits(kickstart="", volume_id="MINE")
    assert problems(change(other, edits, output=tmp_path / "out.iso").path) == ()


def test_isolinux_starts_its_menu_where_commands_are_entries_alone(tree: Path) -> None:
    menu = tree / "isolinux/isolinux.cfg"
    menu.write_text(f"IMPLICIT 0\n{menu.read_text()}")
    result = change(_master(tree)).path
    assert _starts(result)["BIOS"] == ""
    assert "implicit 1" in shown(result, "/isolinux/isolinux.cfg")


@pytest.mark.skipif(not shutil.which("grub-mkrescue"), reason="no grub-mkrescue")
def test_a_prefix_without_modules(tmp_path: Path) -> None:
    (tmp_path / "tree/other").mkdir(parents=True)
    (tmp_path / "tree/other/grub.cfg").write_text(f"set timeout=5\n{_MENUENTRY}")
    iso = _by_mkrescue(tmp_path / "tree", "set prefix=($root)/other\nnormal\n")
    with pytest.raises(MediaError, match="has moved GRUB away from its modules"):
        change(iso)


def test_a_medium_that_was_given_another_label(tree: Path) -> None:
    (tree / "EFI/BOOT/grub.cfg").write_text(_GRUB)
    _efi(tree)
    iso = small_media.by_genisoimage(tree, tree.with_name("original.iso"), hybrid=True)
    content = iso.read_bytes()
    iso.write_bytes(content.replace(b"CentOS 7 x86_64".ljust(32), b"OTHER".ljust(32), 1))
    with pytest.raises(MediaError) as caught:
        change(iso)
    assert "--volume-id 'CentOS 7 x86_64' may mend that" in caught.value.hint
    edits = Edits(kickstart="", volume_id="CentOS 7 x86_64")
    assert problems(change(iso, edits, output=tree.with_name("out.iso")).path) == ()


def test_a_stick_needs_the_menu_in_the_boot_image(tree: Path) -> None:
    """GRUB takes the partition for its device there, and the whole of a CD."""
    (tree / "EFI/BOOT/grub.cfg").rename(tree / "menu")
    _efi(tree)
    (tree / "menu").rename(tree / "EFI/BOOT/grub.cfg")
    reason = "GRUB finds no menu at /EFI/BOOT/grub.cfg in its boot image"
    iso = small_media.by_genisoimage(tree, tree.with_name("stick.iso"))
    assert _starts(iso)["UEFI"] == reason
    assert reason not in _starts(_master(tree))["UEFI"]
