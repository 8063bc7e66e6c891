"""`builder iso`, with libvirt's test driver behind it."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import small_media
from typer.testing import CliRunner, Result

from builder import files
from builder.cli import iso
from builder.cli.context import Context
from builder.cli.output import size
from builder.errors import BuilderError, ConfigError, KickstartError, MediaError, UsageError
from builder.media.inspect import inspect
from builder.media.obtain import Folders
from builder.monitor import SilentMonitor
from builder.recipes import media
from tests.hosts import settings

pytestmark = small_media.NEEDED


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an EL 7 ISO under a name that the catalogue knows."""
    return small_media.el7(tmp_path_factory.mktemp("cli"), "CentOS-7-x86_64-Minimal-2009.iso")


def _run(folder: Path, *arguments: str | Path) -> Result:
    here = Context(settings=settings(folder), monitor=SilentMonitor())
    return CliRunner().invoke(iso.app, [str(argument) for argument in arguments], obj=here)


def test_inspect_for_people(medium: Path, tmp_path: Path) -> None:
    shown = _run(tmp_path, "inspect", medium).stdout
    assert "volume id    CentOS 7 x86_64\n" in shown
    assert "bios: isolinux/isolinux.bin, uefi: images/efiboot.img" in shown


def test_inspect_for_programs(medium: Path, tmp_path: Path) -> None:
    shown = json.loads(_run(tmp_path, "inspect", medium, "--json").stdout)
    assert shown["stage2"] == "LiveOS/squashfs.img"
    assert [entry["platform"] for entry in shown["boot_entries"]] == ["bios", "uefi"]


def test_remaster(medium: Path, tmp_path: Path) -> None:
    kickstart, output = tmp_path / "a.ks", tmp_path / "out.iso"
    kickstart.write_text("text\n")
    done = _run(tmp_path, "remaster", medium, "-k", kickstart, "-o", output, "--append", "a=b c")
    assert done.exit_code == 0
    assert str(output) in done.stdout
    menu = small_media.call("isoinfo", "-R", "-i", output, "-x", "/isolinux/isolinux.cfg")
    assert "ttyS0,115200n8 a=b c\n" in menu


@pytest.mark.parametrize(
    "words", [("verify",), ("inspect",), ("burn", "/dev/nosuch"), ("add", "--allow-unverified")]
)
def test_an_overlay_is_no_iso_and_can_be_made_one(
    words: tuple[str, ...], medium: Path, tmp_path: Path
) -> None:
    kickstart, overlay, whole = tmp_path / "a.ks", tmp_path / "o.qcow2", tmp_path / "whole.iso"
    kickstart.write_text("text\n")
    done = _run(tmp_path, "remaster", medium, "-k", kickstart, "--overlay", overlay)
    assert done.stdout.startswith(f"{overlay}: {size(overlay.stat().st_size)}, boots by itself")
    refused = _run(tmp_path, words[0], overlay, *words[1:]).exception
    assert isinstance(refused, MediaError)
    assert refused.message == "o.qcow2 is a qcow2, an overlay or a disk, and no ISO."
    convert = refused.hint.split("`")[1].replace("FILE", str(overlay))
    small_media.call(*convert.replace("OUT.iso", str(whole)).split())
    assert _run(tmp_path, "verify", whole).exit_code == 0


def test_remaster_never_overwrites_its_input(medium: Path, tmp_path: Path) -> None:
    kickstart = tmp_path / "a.ks"
    kickstart.write_text("text\n")
    before = medium.stat().st_mtime_ns
    for path in (medium, kickstart):
        done = _run(tmp_path, "remaster", medium, "-k", kickstart, "-o", path, "--force")
        assert isinstance(done.exception, UsageError)
    assert medium.stat().st_mtime_ns == before
    assert kickstart.read_text() == "text\n"


@pytest.mark.parametrize("option", ["--output", "--overlay", "--oemdrv"])
def test_remaster_writes_files_alone(option: str, medium: Path, tmp_path: Path) -> None:
    kickstart, pipe, old = tmp_path / "a.ks", tmp_path / "pipe", tmp_path / "old"
    kickstart.write_text("text\n")
    old.write_text("old")
    os.mkfifo(pipe)
    words = ("remaster", medium, "-k", kickstart, option)
    for path in (pipe, tmp_path, Path("/dev/null"), tmp_path / "gone/x"):
        refused = _run(tmp_path, *words, path, "--force")
        assert isinstance(refused.exception, UsageError)
    assert pipe.is_fifo()
    assert isinstance(_run(tmp_path, *words, old).exception, UsageError)
    assert old.read_text() == "old"
    link = tmp_path / "link"
    link.symlink_to("old")
    assert _run(tmp_path, *words, link, "--force").exit_code == 0
    assert link.is_symlink()
    assert old.stat().st_size > 300_000


@pytest.mark.parametrize("path", ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"])
def test_remaster_adds_no_file_without_a_length(path: str, medium: Path, tmp_path: Path) -> None:
    kickstart = tmp_path / "a.ks"
    kickstart.write_text("text\n")
    words = ("remaster", medium, "-k", kickstart, "-o", tmp_path / "x", "--add", f"{path}:x")
    refused = _run(tmp_path, *words)
    assert isinstance(refused.exception, ConfigError)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_remaster_with_no_kickstart(content: bytes | None, medium: Path, tmp_path: Path) -> None:
    kickstart = tmp_path / "a.ks"
    if content is not None:
        kickstart.write_bytes(content)
    done = _run(tmp_path, "remaster", medium, "-k", kickstart, "-o", tmp_path / "out.iso")
    assert isinstance(done.exception, ConfigError)
    assert not (tmp_path / "out.iso").exists()


def test_remaster_carries_the_kickstart_byte_by_byte(medium: Path, tmp_path: Path) -> None:
    (kickstart := tmp_path / "a.ks").write_bytes(b"text\r\n%post\r\n# caf\xe9 a\rb \f\r\n%end\r\n")
    for option in ("--output", "--oemdrv"):
        output = tmp_path / f"{option}.iso"
        assert _run(tmp_path, "remaster", medium, "-k", kickstart, option, output).exit_code == 0
        assert b"text\n%post\n# caf\xe9 a\rb \f\n%end\n" in output.read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.ks", "text\nnosuch\n", "line 2: Unknown command: nosuch."),
        ("a.ks", "text\n%packages\n@core\n", "line 3: Section %packages does not end with %end."),
        ("a.ks", "{{ release }}\n", "line 1: Unknown command"),
        ("a.ks.j2", "text\n", "a.ks.j2 is a template, which no installer reads."),
    ],
)
def test_remaster_takes_no_kickstart_that_its_installer_cannot_read(
    name: str, text: str, sentence: str, medium: Path, tmp_path: Path
) -> None:
    (kickstart := tmp_path / name).write_text(text)
    done = _run(tmp_path, "remaster", medium, "-k", kickstart, "-o", tmp_path / "out.iso")
    assert isinstance(done.exception, KickstartError | UsageError)
    assert sentence in done.exception.message
    assert not (tmp_path / "out.iso").exists()


def test_verify_knows_a_wrong_medium(medium: Path, tmp_path: Path) -> None:
    done = _run(tmp_path, "verify", medium)
    assert isinstance(done.exception, MediaError)
    assert "expected 07b94e6b1a0b" in str(done.exception)


def test_verify_says_what_is_wrong(medium: Path, tmp_path: Path) -> None:
    content = bytearray(medium.read_bytes())
    content[32768 + 140 : 32768 + 144] = content[32768 + 158 : 32768 + 162]
    bad = tmp_path / "bad.iso"
    bad.write_bytes(content)
    done = _run(tmp_path, "verify", bad)
    assert isinstance(done.exception, MediaError)


def test_add_and_list(medium: Path, tmp_path: Path) -> None:
    refused = _run(tmp_path, "add", medium)
    assert isinstance(refused.exception, MediaError)
    added = _run(tmp_path, "add", medium, "--allow-unverified")
    staged = tmp_path / "iso" / medium.name
    assert (added.exit_code, added.stdout) == (0, f"{staged}\n")
    staged.with_name("broken.iso").write_bytes(b"no ISO")
    shutil.copy(medium, staged.with_name(".hidden.iso"))
    listed = _run(tmp_path, "list", "--here").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["FILE", medium.name, "broken.iso"]
    assert "CentOS 7 (2009), minimal" in listed[1]
    assert "unverified (as you asked)" in listed[1]
    assert "damaged" in listed[2]
    shown = {each["file"]: each for each in json.loads(_run(tmp_path, "list", "--json").stdout)}
    assert shown[medium.name]["volume_id"] == inspect(medium).volume_id
    assert shown[medium.name]["releases"] == ["centos7"]
    assert shown["broken.iso"]["state"] == "damaged"
    states = {name: shown[name]["state"] for name in ("rhel-9.8-x86_64-dvd.iso", "rehearsal.iso")}
    assert list(states.values()) == ["for you to add", "made when it is built"]
    assert shown["Rocky-9.8-x86_64-minimal.iso"]["state"] == "can be fetched"


@pytest.mark.parametrize("name", ["Install.ISO", "medium.img", "medium", "medium.part", "a.raw"])
def test_an_iso_is_listed_whatever_its_name(name: str, medium: Path, tmp_path: Path) -> None:
    shutil.copy(medium, mine := tmp_path / name)
    added = _run(tmp_path, "add", mine, "--allow-unverified")
    assert added.stdout == f"{tmp_path / 'iso' / name}\n"
    [row] = json.loads(_run(tmp_path, "list", "--here", "--json").stdout)
    assert (row["file"], row["state"]) == (name, "unverified (as you asked)")
    mine.replace(tmp_path / "iso/copied")  # by somebody else
    (tmp_path / "iso" / name).write_bytes(b"no ISO any more")
    rows = json.loads(_run(tmp_path, "list", "--here", "--json").stdout)
    states = {each["file"]: each["state"] for each in rows}
    assert states == {name: "damaged", "copied": "unverified"}


def test_who_vouches_is_found_by_what_a_file_holds(medium: Path, tmp_path: Path) -> None:
    shutil.copy(medium, mine := tmp_path / "mine.iso")
    shutil.copy(medium, other := tmp_path / "other.iso")
    assert "sha256" not in _run(tmp_path, "verify", other).stdout
    assert _run(tmp_path, "add", mine, "--allow-unverified").exit_code == 0
    assert "unverified (as you asked)" in _run(tmp_path, "verify", other).stdout
    with other.open("ab") as file:
        file.write(bytes(2048))
    assert "sha256" not in _run(tmp_path, "verify", other).stdout
    other.replace(mine)
    assert "nobody vouches for it" in _run(tmp_path, "verify", mine).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_what_we_may_not_read_is_not_damaged(medium: Path) -> None:
    pool = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    try:
        pool.chmod(0o755)
        shutil.copy(medium, pool / "closed.iso")
        (pool / "closed.iso").chmod(0o600)
        os.setresuid(65534, 65534, 0)
        [row] = media.listing((), Folders(pool=pool, cache=pool, state=pool), here=True)
    finally:
        os.setresuid(0, 0, 0)
        shutil.rmtree(pool)
    assert (row.file, row.state) == ("closed.iso", "unreadable")


def test_the_newest_of_a_name_is_what_counts(medium: Path, tmp_path: Path) -> None:
    """The records of those before it stay: they are kept by what they are of."""
    mine = tmp_path / "mine.iso"
    for number in range(3):
        mine.write_bytes(medium.read_bytes() + bytes(2048 * number))
        assert _run(tmp_path, "add", mine, "--allow-unverified").exit_code == 0
        [row] = json.loads(_run(tmp_path, "list", "--here", "--json").stdout)
        assert row["state"] == "unverified (as you asked)"
        (tmp_path / "iso/mine.iso").unlink()


def test_who_vouches_for_a_copy_does_so_for_all_of_them(medium: Path, tmp_path: Path) -> None:
    digest = files.sha256(medium, monitor=SilentMonitor())
    for name, words in (
        ("one.iso", ("--allow-unverified",)),
        ("two.iso", ("--sha256", digest)),
        ("three.iso", ("--allow-unverified",)),
    ):
        shutil.copy(medium, tmp_path / name)
        assert _run(tmp_path, "add", tmp_path / name, *words).exit_code == 0
    rows = json.loads(_run(tmp_path, "list", "--here", "--json").stdout)
    assert {each["file"]: each["state"] for each in rows} == dict.fromkeys(
        ("one.iso", "two.iso", "three.iso"), "checksum as given"
    )


def test_what_is_no_iso_is_not_listed(medium: Path, tmp_path: Path) -> None:
    (tmp_path / "iso/folder.iso").mkdir(parents=True)
    os.mkfifo(tmp_path / "iso/pipe.iso")
    (tmp_path / "iso/gone.iso").symlink_to(tmp_path / "gone")
    (tmp_path / "iso/disk.qcow2").write_bytes(b"QFI\xfb" + bytes(1 << 16))
    for name in ("half.iso.part", ".hidden"):
        shutil.copy(medium, tmp_path / "iso" / name)
    assert json.loads(_run(tmp_path, "list", "--here", "--json").stdout) == []


def test_remove(medium: Path, tmp_path: Path) -> None:
    _run(tmp_path, "add", medium, "--allow-unverified")
    for name in ("gone.iso", "../iso", f"../iso/{medium.name}", ".hidden.iso", "/etc/passwd"):
        refused = _run(tmp_path, "remove", name).exception
        assert isinstance(refused, UsageError)
    done = _run(tmp_path, "remove", medium.name)
    assert (done.exit_code, done.stdout) == (0, f"Removed {tmp_path}/iso/{medium.name}.\n")
    assert not list((tmp_path / "iso").iterdir())


def test_remove_what_somebody_uses(medium: Path, tmp_path: Path) -> None:
    _run(tmp_path, "add", medium, "--allow-unverified")
    path = tmp_path / "iso" / medium.name
    overlay = path.with_name("overlay.qcow2")
    image = ("-q", "-f", "qcow2", "-F", "raw", "-b", path, overlay)
    small_media.call("qemu-img", "create", *image)
    refused = _run(tmp_path, "remove", medium.name).exception
    assert isinstance(refused, UsageError)
    assert refused.message == f"{medium.name} stays: {overlay} needs it."
    overlay.unlink()
    with files.locked(path):
        refused = _run(tmp_path, "remove", medium.name).exception
    assert isinstance(refused, UsageError)
    assert "it is being downloaded" in refused.message
    assert path.exists()


def test_add_with_a_digest(medium: Path, tmp_path: Path) -> None:
    """The one that somebody typed, which need not be small letters."""
    mine = tmp_path / "rhel-9.8-x86_64-dvd.iso"
    shutil.copy(medium, mine)
    digest = files.sha256(mine, monitor=SilentMonitor())
    wrong = _run(tmp_path, "add", mine, "--sha256", "0" * 64).exception
    assert isinstance(wrong, MediaError)
    for typed in (digest[:-1], f"{digest}0", digest.replace(digest[0], "g"), "md5:0"):
        refused = _run(tmp_path, "add", mine, "--sha256", typed).exception
        assert isinstance(refused, UsageError), "the ISO is not to blame"
    assert not (tmp_path / "iso" / mine.name).exists()
    assert _run(tmp_path, "add", mine, "--sha256", f" sha256:{digest.upper()}\n").exit_code == 0
    (line,) = _run(tmp_path, "list", "--here").stdout.splitlines()[1:]
    assert "Red Hat Enterprise Linux 9.8, dvd" in line
    assert "checksum as given" in line
    # It can be had from nowhere, and is at hand now.
    fetched = _run(tmp_path, "fetch", "rhel9")
    assert fetched.stdout == f"{tmp_path}/iso/{mine.name}\n"
    (tmp_path / "iso" / mine.name).unlink()
    refused = _run(tmp_path, "fetch", "rhel9").exception
    assert isinstance(refused, MediaError)
    assert refused.message == f"{mine.name} cannot be downloaded: no address of it is known."


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("fetch", "centos77"), "Did you mean"),
        (("fetch", "centos7", "--medium", "minmal"), "Did you mean"),
    ],
)
def test_unknown_names(arguments: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    done = _run(tmp_path, *arguments)
    assert isinstance(done.exception, UsageError)
    assert hint in done.exception.hint


def test_an_iso_that_the_catalogue_does_not_know(medium: Path, tmp_path: Path) -> None:
    """That it is there comes first."""
    mine = shutil.copy(medium, tmp_path / "mine.iso")
    gone, there = (_run(tmp_path, "add", str(name)).exception for name in ("/gone.iso", mine))
    assert isinstance(gone, MediaError)
    assert gone.message == "Cannot read /gone.iso: No such file or directory."
    assert isinstance(there, MediaError)
    assert there.message == (
        "Nobody says which sha256 mine.iso must have, which looks like CentOS 7 (2009)."
    )


def test_second_medium_instead_of_a_remaster(medium: Path, tmp_path: Path) -> None:
    kickstart = tmp_path / "a.ks"
    kickstart.write_text("text\n")
    one, two = tmp_path / "one.iso", tmp_path / "two.iso"
    for output in (one, two):
        done = _run(tmp_path, "remaster", medium, "-k", kickstart, "--oemdrv", output)
        assert done.exit_code == 0
    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_mode & 0o777 == 0o600
    assert "Volume id: OEMDRV\n" in small_media.call("isoinfo", "-d", "-i", one)
    for names, path in ((("-J",), "/ks.cfg"), ((), "/KS.CFG;1")):
        assert small_media.call("isoinfo", *names, "-i", one, "-x", path) == "text\n"


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_no_second_medium_is_for_a_live_one(
    more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1603728831")
    tree = small_media.plant(tmp_path / "tree")
    for path in (tree / "isolinux/isolinux.cfg", tree / "EFI/BOOT/grub.cfg"):
        path.write_text(path.read_text().replace("inst.stage2=", "rd.live.image root=live:"))
    small_media.efi_image(tree, tree / "images/efiboot.img")
    iso = small_media.by_genisoimage(tree, tmp_path / "live.iso")
    (tmp_path / "a.ks").write_text("text\n")
    words = ("remaster", iso, "-k", tmp_path / "a.ks", "--oemdrv", tmp_path / "o.iso")
    refused = _run(tmp_path, *words, *more).exception
    assert isinstance(refused, MediaError)
    assert refused.message == "live.iso is a live medium: no installer starts there by itself."
    assert not (tmp_path / "o.iso").exists()


@pytest.mark.parametrize(
    "more",
    [
        ("--append", "a=b"),
        ("--remove", "quiet"),
        ("--add", "a.ks:x"),
        ("--volume-id", "X"),
        ("--implant-md5",),
        ("--usb-check",),
    ],
)
def test_a_second_medium_refuses_what_would_change_the_first(
    more: tuple[str, ...], medium: Path, tmp_path: Path
) -> None:
    kickstart, output = tmp_path / "a.ks", tmp_path / "o.iso"
    kickstart.write_text("text\n")
    words = ["remaster", str(medium), "-k", str(kickstart), "--oemdrv", str(output), *more]
    for dry in ([], ["--dry-run"]):
        refused = _run(tmp_path, *words, *dry).exception
        assert isinstance(refused, UsageError)
        wanted = f"--oemdrv leaves the ISO as it is: {more[0]} would change nothing."
        assert refused.message == wanted
    assert not output.exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-o", "there"), "there exists already"),
        (("--oemdrv", "there"), "there exists already"),
        (("-o", "a.ks"), "a.ks is to be read"),
        (("-o", "gone/x"), "no folder"),
        (("-o", "a", "--overlay", "b"), "Say one thing to write"),
        (("--overlay", "new", "--implant-md5"), "An overlay has no implanted sum"),
        (("--add", "a.ks:ks.cfg"), "where the kickstart goes"),
        (("--add", "gone:x"), "There is nothing to add at gone"),
        (("--append", "a;b"), "cannot be added to the kernel command line"),
        (("--volume-id", "Grüße"), "cannot be a volume id"),
    ],
)
def test_a_dry_run_refuses_what_a_remaster_would(
    words: tuple[str, ...],
    reason: str,
    medium: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.ks", "there"):
        Path(name).write_text("text\n")
    refused = _run(tmp_path, "remaster", medium, "-k", "a.ks", *words, "--dry-run").exception
    assert isinstance(refused, BuilderError)
    assert reason in refused.message
    assert refused.hint
    assert {path.name for path in tmp_path.iterdir()} == {"a.ks", "there"}


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ((), "to write, "),
        (("-o", "new"), "to write, "),
        (("--overlay", "new"), "to write, "),
        (("--implant-md5",), "to write, "),
        (("--oemdrv", "new"), "a small ISO labelled OEMDRV with /ks.cfg, dated 20"),
        (("-o", "there", "--force"), "to write, "),
    ],
)
def test_a_dry_run_writes_nothing(
    words: tuple[str, ...],
    shown: str,
    medium: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.ks", "there"):
        Path(name).write_text("text\n")
    done = _run(tmp_path, "remaster", medium, "-k", "a.ks", *words, "--dry-run")
    assert (done.exit_code, shown in done.stdout) == (0, True)
    assert {path.name for path in tmp_path.iterdir()} == {"a.ks", "there"}
    assert Path("there").read_text() == "text\n"


def test_a_dry_run_knows_that_a_stick_would_not_boot(tmp_path: Path) -> None:
    iso = small_media.MAKERS["no-hybrid"](small_media.plant(tmp_path / "t"), tmp_path / "cd.iso")
    (tmp_path / "a.ks").write_text("text\n")
    words = ("remaster", iso, "-k", tmp_path / "a.ks", "--usb-check", "--dry-run")
    refused = _run(tmp_path, *words).exception
    assert isinstance(refused, MediaError)
    assert "It has no master boot record" in refused.message


def test_what_was_added_is_counted(medium: Path, tmp_path: Path) -> None:
    (tmp_path / "repo/empty").mkdir(parents=True)
    (tmp_path / "a.ks").write_text("text\n")
    words = ("remaster", medium, "-k", tmp_path / "a.ks", "-o", tmp_path / "o.iso")
    done = _run(tmp_path, *words, "--add", f"{tmp_path}/a.ks:x", "--add", f"{tmp_path}/repo:repo")
    assert done.stdout.endswith("\nadded: 1 file, 2 folders\n")


def test_verify_tells_of_what_it_does_not_check(tmp_path: Path) -> None:
    tree = small_media.plant(tmp_path / "tree")
    iso = small_media.by_genisoimage(tree, tmp_path / "udf.iso", hybrid=False, more=("-udf",))
    shown = _run(tmp_path, "verify", iso).stdout
    assert "notice       Linux may mount it as UDF, which is not checked.\n" in shown


def test_a_medium_that_says_nothing_is_for_what_the_kickstart_says(tmp_path: Path) -> None:
    tree = small_media.plant(tmp_path / "tree")
    for name in (".treeinfo", ".discinfo"):
        (tree / name).unlink(missing_ok=True)
    iso = small_media.by_genisoimage(tree, tmp_path / "silent.iso", hybrid=False)
    heads = (("", 0), ("RHEL7", 6), ("NONE", 0), ("DEVEL", 0))
    for head, code in ((f"#version={said}\n" * bool(said), code) for said, code in heads):
        (tmp_path / "a.ks").write_text(f"{head}foo bar\n")
        words = ("remaster", iso, "-k", tmp_path / "a.ks", "-o", tmp_path / f"{len(head)}.iso")
        done = _run(tmp_path, *words)
        assert getattr(done.exception, "exit_code", 0) == code
