"""Names in every kind of tree: what is added or replaced arrives in each, as its readers see it."""

import re
from pathlib import Path

import pytest
import small_media
from remastering import KICKSTART, change, extracted, problems, shown
from small_media import BIOS, LABEL, UEFI

from builder.errors import MediaError, UsageError
from builder.iso.source import opened
from builder.iso.survey import survey
from builder.media import second_reader
from builder.media.edits import Edits

pytestmark = small_media.NEEDED

_GENISOIMAGE: tuple[str, ...] = ("genisoimage", "-quiet", "-V", LABEL, *BIOS, *UEFI)
_FORMS: dict[str, tuple[str, ...]] = {
    "ISO 9660 alone": (),
    "Joliet": ("-J",),
    "long names in Joliet": ("-J", "-joliet-long"),
    "level 4": ("-iso-level", "4"),
    "level 4 and Joliet": ("-iso-level", "4", "-J"),
    "level 4 and Rock Ridge": ("-iso-level", "4", "-R"),
    "no versions": ("-N",),
    "no dots": ("-d",),
    "lower case": ("-allow-lowercase", "-allow-multidot", "-l"),
    "untranslated": ("-U", "-R", "-J"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the files of an EL 7 medium, and a folder that is deep."""
    made = small_media.plant(tmp_path_factory.mktemp("names") / "tree")
    (made / "images/install.img").write_bytes(b"hsqs" + bytes(300_000))
    deep = made / "one/two/three/four/five/six/seven/eight/nine"
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    for name in ("n" * 80 + ".rpm", "m" * 70, "a-folder-with-a-rather-long-name"):
        (made / name).mkdir()
        (made / name / "a-file-with-a-rather-long-name.txt").write_text(name)
    return made


@pytest.fixture
def added(tmp_path: Path) -> Path:
    """Return a folder to add."""
    made = tmp_path / "added"
    (made / "empty").mkdir(parents=True)
    for name in ("lower.txt", "UPPER.TXT", "two.dots.txt", "noextension"):
        (made / name).write_text(name)
    return made


def _second(iso: Path) -> list[str]:
    with opened(iso) as source:
        return list(second_reader.problems(iso, survey(source)))


def _paths(iso: Path, names: str = "") -> list[str]:
    kind = [names] if names else []
    return small_media.call("isoinfo", *kind, "-f", "-i", iso).splitlines()


@pytest.mark.parametrize("form", _FORMS)
def test_it_arrives_in_every_tree(form: str, tree: Path, added: Path, tmp_path: Path) -> None:
    iso = tmp_path / "a.iso"
    small_media.call(*(*_GENISOIMAGE, *_FORMS[form]), "-o", iso, tree)
    more = ((added, "added"), (added / "lower.txt", "efi/boot/x"), (added / "lower.txt", "extra/y"))
    made = change(iso, Edits(kickstart=KICKSTART, add=more)).path
    assert problems(made) == ()
    assert _second(made) == []
    plain = [re.sub(r"\.?;1$|\.$", "", each).lower() for each in _paths(made)]
    assert len(set(plain)) == len(plain) == len(_paths(iso)) + (12 if "-R" in _FORMS[form] else 10)
    assert {"/ks.cfg", "/added/empty", "/added/lower.txt"} <= set(plain)
    # Rock Ridge's EFI is no efi.
    assert ("/efi/boot/x" in plain) == ("-R" not in _FORMS[form])
    if "-J" in _FORMS[form]:
        wanted = {"/ks.cfg", "/added/UPPER.TXT", "/added/two.dots.txt"}
        assert wanted <= set(_paths(made, "-J"))
        assert shown(made, "/ks.cfg", "-J") == KICKSTART
    # libarchive reads no names of 120 letters, kept beside the records, once their folder moved.
    files = (extracted if "level 4 and" in form else small_media.digests)(made, tmp_path / "after")
    assert {"ks.cfg", "added/upper.txt"} <= {each.lower() for each in files}


def test_a_name_that_others_cut_down_is_replaced_there_too(tree: Path, tmp_path: Path) -> None:
    """ISO 9660 has 8 letters of it, Joliet 64."""
    iso, new = tmp_path / "a.iso", tmp_path / "new"
    new.write_text("new\n")
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-o", iso, tree)
    places = [
        f"{name}/a-file-with-a-rather-long-name.txt" for name in ("n" * 80 + ".rpm", "m" * 70)
    ]
    edits = Edits(kickstart="", add=tuple((new, each) for each in places))
    made = change(iso, edits).path
    for names in ("", "-R", "-J"):
        before, after = _paths(iso, names), _paths(made, names)
        assert len(after) == len(before) + 1
    found = [each for each in _paths(made, "-J") if re.search(r"/[mn]{60,}[^/]*/", each)]
    assert [shown(made, each, "-J") for each in found] == ["new\n", "new\n"]


def test_what_is_nested_too_deep_takes_more(tree: Path, tmp_path: Path) -> None:
    iso, many = tmp_path / "a.iso", tmp_path / "many"
    many.mkdir()
    for number in range(40):
        (many / f"a file with a rather long name {number:03}").write_text(str(number))
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-o", iso, tree)
    deep = "one/two/three/four/five/six/seven/eight/nine"
    # The folder that links to what is moved up grows as well: what is moved up links back.
    edits = Edits(kickstart="", add=((many, deep), (many, deep.removesuffix("/eight/nine"))))
    made = change(iso, edits).path
    assert problems(made) == ()
    assert _second(made) == []
    after = small_media.digests(made, tmp_path / "after")
    assert {f"{deep}/{each.name}" for each in many.iterdir()} | {f"{deep}/file"} <= after.keys()
    assert _links_back(made)


def _links_back(iso: Path) -> bool:
    """Tell whether what is moved up names the folder, where it is now, that links to it."""
    content = iso.read_bytes()
    links, backs = _links(content, b"CL"), _links(content, b"PL")
    (itself,), (parent,) = {to for to, _ in links}, {to for to, _ in backs}
    return {at for _, at in backs} == {itself} and any(parent <= at < parent + 8 for _, at in links)


def _links(content: bytes, kind: bytes) -> list[tuple[int, int]]:
    """Return where each link leads, and the sector that it is in."""
    starts = [found.start() for found in re.finditer(kind + b"\x0c\x01", content)]
    return [(int.from_bytes(content[at + 4 : at + 8], "little"), at // 2048) for at in starts]


@pytest.mark.parametrize("name", ["a-name-of-more-than-thirty-one-letters", "Grüße", "a;b"])
def test_what_iso_9660_alone_cannot_have_is_refused(name: str, tree: Path, tmp_path: Path) -> None:
    iso, one = tmp_path / "a.iso", tmp_path / "one"
    one.write_text("new\n")
    small_media.call(*_GENISOIMAGE, "-o", iso, tree)
    with pytest.raises(UsageError, match="is no name on this ISO"):
        change(iso, Edits(kickstart="", add=((one, name),)))


def test_names_that_only_rock_ridge_can_have(tree: Path, tmp_path: Path) -> None:
    iso, odd = tmp_path / "a.iso", tmp_path / "odd"
    odd.mkdir()
    names = {"n" * 110, "semi;1", "a:b", "😀", "x" * 110 + ".rpm"}
    for name in names:
        (odd / name).write_text(name)
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-o", iso, tree)
    made = change(iso, Edits(kickstart="", add=((odd, "odd"),))).path
    assert {f"/odd/{name}" for name in names} <= set(_paths(made, "-R"))
    joliet = [each for each in _paths(made, "-J") if each.startswith("/odd/")]
    assert sorted(len(each) for each in joliet) == [6, 8, 11, 108, 108]
    found = small_media.call("xorriso", "-indev", made, "-find", "/odd")
    assert all(f"/odd/{name}" in found for name in names)


def test_a_kickstart_is_looked_for_by_the_names_that_count(tree: Path, tmp_path: Path) -> None:
    iso, menu = tmp_path / "a.iso", tmp_path / "isolinux.cfg"
    name = "a-kickstart-with-a-rather-long-name" + "-and-one-that-joliet-cuts-down" * 2 + ".cfg"
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-o", iso, tree)
    iso = change(iso).path
    text = shown(iso, "/isolinux/isolinux.cfg")
    menu.write_text(text.replace(":/ks.cfg", f":/{name}"))
    again = tmp_path / "again"
    small_media.call("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/", again)
    small_media.call("chmod", "-R", "u+w", again)
    (again / name).write_text("text\n")
    (again / "isolinux/isolinux.cfg").write_text(menu.read_text())
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-o", iso, again)
    assert "which is not there" not in " ".join(problems(iso))


def _blkid(iso: Path) -> str:
    return small_media.call("blkid", "-p", "-o", "value", "-s", "LABEL", iso).strip()


def _with_joliet_label(iso: Path, label: str) -> None:
    with opened(iso) as source:
        joliet = next(each.descriptor for each in survey(source).trees if each.descriptor.joliet)
    with iso.open("r+b") as file:
        file.seek(joliet.sector * 2048 + 40)
        file.write(label.ljust(16).encode("utf-16-be"))


@pytest.mark.parametrize("label", ["OTHER", "CENTOS 7 X86_64", "CentOS", ""])
def test_joliet_calls_the_volume_as_iso_9660_does(label: str, tree: Path, tmp_path: Path) -> None:
    iso = tmp_path / "a.iso"
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-o", iso, tree)
    iso = change(iso).path
    _with_joliet_label(iso, label)
    assert problems(iso) == (
        f"Joliet calls the volume {label!r}, not {LABEL!r}: Linux may go by that.",
    )
    made = change(iso).path
    assert (problems(made), _blkid(made)) == ((), LABEL)


@pytest.mark.parametrize("label", ["NEW", "Sixteen letters_", "More than sixteen letters of one"])
def test_a_new_label_is_joliets_too(label: str, tree: Path, tmp_path: Path) -> None:
    iso = tmp_path / "a.iso"
    small_media.call(*_GENISOIMAGE, "-R", "-J", "-iso-level", "4", "-o", iso, tree)
    made = change(iso, Edits(kickstart="", volume_id=label)).path
    assert "is larger" not in str(problems(made))
    assert _blkid(made) == label
    with opened(made) as source:
        found = [each.descriptor.volume_id for each in survey(source).trees]
    assert found == [label, label, label[:16].rstrip()]


def test_linux_shows_iso_9660s_own_names_in_lower_case(tmp_path: Path) -> None:
    """Anaconda then finds images/install.img, and no LiveOS/squashfs.img."""
    planted, iso = small_media.plant(tmp_path / "tree"), tmp_path / "a.iso"
    small_media.call(*_GENISOIMAGE, "-o", iso, planted)
    reason = "looks for LiveOS/squashfs.img, and Linux shows it as liveos/squashfs.img"
    assert reason in " ".join(problems(iso))
    with pytest.raises(MediaError, match=reason):
        change(iso)
    small_media.call(*_GENISOIMAGE, "-J", "-o", iso, planted)
    change(iso)
