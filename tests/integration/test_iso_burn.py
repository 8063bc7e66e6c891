"""`builder iso burn` on loop devices, which are disks to the kernel like any other."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import small_media
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from builder.cli import iso
from builder.cli.context import Context
from builder.config import Settings
from builder.errors import HostError, MediaError, UsageError
from builder.media import burn as burning
from builder.media import oemdrv, sticks
from builder.monitor import SilentMonitor

pytestmark = [
    small_media.NEEDED,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root writes to devices"),
]


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_media.el7(tmp_path_factory.mktemp("burn"))


@contextmanager
def disk(file: Path, size: int = 32 << 20) -> Iterator[Path]:
    """Make a disk of a file."""
    with file.open("wb") as opened:
        opened.truncate(size)
    try:
        name = small_media.call("losetup", "--find", "--show", "--partscan", file).strip()
    except AssertionError:
        pytest.skip("this machine has no loop devices")
    try:
        yield Path(name)
    finally:
        small_media.call("losetup", "--detach", name)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    with disk(tmp_path / "disk") as made:
        yield made


def burn(*words: str | Path) -> Result:
    here = Context(settings=Settings(), monitor=SilentMonitor())
    return CliRunner().invoke(iso.app, ["burn", *map(str, words)], obj=here)


def test_written_and_read_back(medium: Path, stick: Path, tmp_path: Path) -> None:
    done = burn(medium, stick, "--force", "--yes")
    assert done.exit_code == 0
    assert "written and read back" in done.stdout
    content = medium.read_bytes()
    assert (tmp_path / "disk").read_bytes()[: len(content)] == content
    assert small_media.call("blkid", "-s", "LABEL", "-o", "value", stick) == "CentOS 7 x86_64\n"


@pytest.mark.parametrize("words", [(), ("--yes",), ("--force",)])
def test_nothing_is_written_unasked(words: tuple[str, ...], medium: Path, stick: Path) -> None:
    refused = burn(medium, stick, *words)
    assert isinstance(refused.exception, UsageError)
    assert not any(stick.read_bytes())


def test_not_onto_files(medium: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    for path in (tmp_path / "x", tmp_path, tmp_path / "gone", Path("/dev/null")):
        assert isinstance(burn(medium, path, "--force", "--yes").exception, UsageError)
    assert (tmp_path / "x").read_text() == "mine"


def test_what_boots_as_a_cd_alone(medium: Path, stick: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.iso"
    plain.write_bytes(bytes(512) + medium.read_bytes()[512:])
    refused = burn(plain, stick, "--force", "--yes")
    assert isinstance(refused.exception, MediaError)
    assert "does not boot from a stick" in str(refused.exception)
    assert not any(stick.read_bytes())


def test_what_need_not_boot(stick: Path, tmp_path: Path) -> None:
    second = tmp_path / "oemdrv.iso"
    oemdrv.make("poweroff\n", second, when=datetime(2026, 11, 29, tzinfo=UTC))
    assert burn(second, stick, "--force", "--yes").exit_code == 0
    assert small_media.call("blkid", "-s", "LABEL", "-o", "value", stick) == "OEMDRV\n"


def test_not_onto_what_is_mounted(medium: Path, stick: Path, tmp_path: Path) -> None:
    small_media.call("mkfs.ext4", "-q", stick)
    where = tmp_path / "a place"
    where.mkdir()
    small_media.call("mount", stick, where)
    try:
        (where / "x").write_text("mine")
        refused = burn(medium, stick, "--force", "--yes")
        assert isinstance(refused.exception, HostError)
        assert f"{stick} is mounted at {where}" in str(refused.exception)
        assert (where / "x").read_text() == "mine"
    finally:
        small_media.call("umount", where)


def test_not_onto_the_disk_of_a_process(medium: Path, stick: Path) -> None:
    with stick.open("rb") as held, subprocess.Popen(["sleep", "600"], stdin=held) as process:
        refused = burn(medium, stick, "--force", "--yes")
        process.kill()
    assert f"sleep (process {process.pid}) has it open" in str(refused.exception)


def test_nobody_else_may_claim_it(stick: Path, tmp_path: Path) -> None:
    small_media.call("mkfs.ext4", "-q", stick)
    found = sticks.look(stick)
    with burning.claimed(found):
        with pytest.raises(HostError, match="somebody has it in use"), burning.claimed(found):
            pytest.fail("must not get here")
        with pytest.raises(AssertionError, match="already mounted or mount point busy"):
            small_media.call("mount", stick, tmp_path)
    other = replace(found, size=found.size + 512)
    with pytest.raises(HostError, match="another device by now"), burning.claimed(other):
        pytest.fail("must not get here")


def test_a_stick_that_forgets(
    medium: Path, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = fcntl.ioctl

    def forget(handle: int, request: int) -> int:
        done: int = flush(handle, request)
        with (tmp_path / "disk").open("r+b") as file:
            file.seek(70_000)
            file.write(b"damage")
        return done

    monkeypatch.setattr(fcntl, "ioctl", forget)
    refused = burn(medium, stick, "--force", "--yes")
    assert "does not hold what was written" in str(refused.exception)


def test_a_stick_that_fails(medium: Path, tmp_path: Path) -> None:
    with (
        small_media.small_disk(tmp_path / "small", "1M") as folder,
        disk(folder / "disk") as broken,
    ):
        refused = burn(medium, broken, "--force", "--yes")
        assert isinstance(refused.exception, HostError)
        assert f"{broken} failed: Input/output error." in str(refused.exception)
        with suppress(OSError):
            os.truncate(folder / "disk", 0)
