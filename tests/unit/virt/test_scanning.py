"""Files at which libvirt would wait for ever are found before it looks into their pool."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.errors import HostError
from builder.virt import pools, scanning
from tests.headers import extension, external, qcow, qed
from tests.hosts import driven

DATA = 0x44415441


def backed(name: str) -> bytes:
    return qcow(3, 104, len(name), name.encode())


def extents(name: str) -> bytes:
    return f'# Disk DescriptorFile\nRW 2048 FLAT "{name}" 0\n'.encode()


def parent(name: str) -> bytes:
    return f'# Disk DescriptorFile\nparentFileNameHint="{name}"\n'.encode()


ENDLESS = {
    "a pipe": backed("pipe"),
    "in options": backed('json:{"driver":"raw","file":{"driver":"file","filename":"pipe"}}'),
    "of an older one": qcow(2, 104, 4, b"pipe"),
    "of a QED": qed(1).replace(b"base", b"pipe"),
    "of a COW": b"OOOM\0\0\0\2" + b"pipe".ljust(1044, b"\0"),
    "a parent": parent("pipe"),
    "a link to it": backed("link"),
    "the kernel's log": backed("/proc/kmsg"),
    "a terminal": backed("/dev/tty"),
    "standard input": backed("/dev/stdin"),
    "a descriptor": parent("/dev/fd/0"),
    "one that libvirt alone may have": backed("/proc/self/fd/999"),
}
HARMLESS = {
    "alone": qcow(3, 0, 0),
    "a data file": external(extension(DATA, b"pipe"), extension(0, b"")),
    "an extent": extents("pipe"),
    "an image": backed("plain"),
    "an empty file": backed("empty"),
    "nothing": backed("gone"),
    "a folder": backed("."),
    "another machine's": backed("nbd:host:1"),
    "nobody knows what": backed("quux:x:pipe"),
    "cut off": backed("pipe")[:50],
    "no image": b"hello",
    "a COW alone": b"OOOM\0\0\0\2" + bytes(1044),
    "a COW cut off": b"OOOM\0\0\0\2pi",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pool"
    made.mkdir()
    (made / "plain").write_text("raw")
    (made / "empty").touch()
    os.mkfifo(made / "pipe")
    (made / "link").symlink_to("pipe")
    return made


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS)
def test_an_image_that_leads_to_where_nothing_comes_from(folder: Path, content: bytes) -> None:
    (folder / "odd.img").write_bytes(content)
    with pytest.raises(HostError, match=rf"wait for ever at .*, which {folder}/odd\.img names"):
        scanning.refuse_endless(folder, "store")


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_what_holds_nobody_up(folder: Path, content: bytes) -> None:
    (folder / "odd.img").write_bytes(content)
    scanning.refuse_endless(folder, "store")
    scanning.refuse_endless(folder / "gone", "store")


@pytest.mark.parametrize("target", ["/proc/kmsg", "/proc/self/mem", "/dev/stdin", "/dev/fd/0"])
def test_a_link_out_of_the_pool(folder: Path, target: str) -> None:
    (folder / "odd.img").symlink_to(target)
    with pytest.raises(HostError, match=rf"wait for ever at {folder}/odd\.img when") as caught:
        scanning.refuse_endless(folder, "store")
    assert caught.value.hint == f"Move {folder}/odd.img out of the pool."


@pytest.mark.parametrize("target", ["/dev/null", "/dev/zero", "pipe", "plain", "gone", "loop", "/"])
def test_a_link_that_libvirt_passes_over(folder: Path, target: str) -> None:
    (folder / "loop").symlink_to(target)
    scanning.refuse_endless(folder, "store")


@pytest.mark.parametrize(("length", "cut"), [(4, False), (50, True), (103, True), (104, False)])
def test_a_header_that_is_cut_off(folder: Path, length: int, *, cut: bool) -> None:
    (folder / "odd.img").write_bytes(qcow(3, 0, 0)[:length])
    assert scanning.cut_off(folder) == (folder / "odd.img" if cut else None)


@pytest.mark.parametrize("act", [pools.notice, pools.start])
def test_libvirt_is_not_let_in(tmp_path: Path, act: Callable[..., object]) -> None:
    with driven(tmp_path) as host:
        if act is pools.start:
            pools.handle(host.connection, "store").destroy()
        os.mkfifo(tmp_path / "pipe")
        (host.store_pool.path / "odd.img").write_bytes(backed("../pipe"))
        with pytest.raises(HostError, match=r"odd\.img names"):
            act(host.connection, "store")
