"""Downloads that go wrong half way: at the end the right file is there, or none, and a sentence."""

import hashlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import small_media

from builder.errors import BuilderError, HostError, MediaError
from builder.media import network
from builder.media.fetch import fetch
from builder.media.network import Refusal
from builder.media.pace import Patience
from builder.model.media import Download
from builder.model.release import Medium
from tests.mirrors import Mirror, secured, serving
from tests.monitors import Heard
from tests.waiting import wait_until

FILE = "Medium-9.iso"
CONTENT = hashlib.shake_256(b"content").digest(3 << 20)
"""The same in each process of a test."""
SMALL = CONTENT[:300]
EDGES = (1, 65_535, 65_536, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (3 << 20) - 1)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serving(Mirror()) as server:
        server.files[f"/{FILE}"] = CONTENT
        yield server


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def _get(cache: Path, *urls: str, content: bytes = CONTENT, size: int | None = None) -> Path:
    medium = Medium(file=FILE, sha256=hashlib.sha256(content).hexdigest(), size=size)
    patience = Patience(connect=5, silence=5)
    source = Download(urls=urls, medium=medium)
    path = fetch(source, cache=cache, monitor=Heard(), patience=patience)
    assert path.read_bytes() == content
    assert [each.name for each in cache.iterdir()] == [FILE]
    return path


def test_it_resumes_after_a_cut_at_any_byte(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files[f"/{FILE}"] = SMALL
    for cut in range(len(SMALL)):
        mirror.cut, mirror.faults, mirror.starts = cut, ["cut"], []
        _get(tmp_path, mirror.url, content=SMALL).unlink()
        assert mirror.starts == [0, cut]


@pytest.mark.parametrize("cut", EDGES)
def test_it_resumes_after_a_cut_at_the_edges_of_blocks(
    cut: int, mirror: Mirror, tmp_path: Path
) -> None:
    mirror.cut, mirror.faults = cut, ["cut"]
    _get(tmp_path, mirror.url)
    assert mirror.starts == [0, cut]


def test_it_resumes_after_many_cuts(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut, mirror.faults = 31_337, ["cut"] * 100
    _get(tmp_path, mirror.url, size=len(CONTENT))
    assert mirror.starts == [31_337 * each for each in range(101)]


@pytest.mark.parametrize("end", [["404"], ["503"] * 4, ["cut"] * 4])
def test_the_next_mirror_goes_on_where_one_has_died(
    end: list[str], mirror: Mirror, tmp_path: Path
) -> None:
    with serving(Mirror()) as other:
        other.files[f"/{FILE}"] = CONTENT
        mirror.cut, mirror.faults = 1 << 20, ["cut", *end]
        mirror.files[f"/{FILE}"] = CONTENT[: (1 << 20) + 1] if end == ["cut"] * 4 else CONTENT
        _get(tmp_path, mirror.url, other.url, size=len(CONTENT))
        assert len(other.starts) == 1


def test_a_mirror_with_other_content_does_no_harm(mirror: Mirror, tmp_path: Path) -> None:
    with serving(Mirror()) as other:
        other.files[f"/{FILE}"] = CONTENT[::-1]
        mirror.cut, mirror.faults = 1 << 20, ["cut", "404"]
        _get(tmp_path, mirror.url, other.url, mirror.url)
        assert other.starts == [1 << 20, 0]


def test_nothing_right_anywhere_leaves_nothing(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files[f"/{FILE}"] = CONTENT[::-1]
    with pytest.raises(MediaError, match=f"^{FILE} could not be downloaded: .*sha256") as caught:
        _get(tmp_path, mirror.url, mirror.url)
    assert caught.value.exit_code == 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["text/html", "text/HTML; charset=utf-8"])
def test_a_page_with_status_200_does_not_cost_what_has_come(
    kind: str, mirror: Mirror, tmp_path: Path
) -> None:
    part = tmp_path / f"{FILE}.part"
    part.write_bytes(CONTENT[: 1 << 20])
    mirror.kind = kind
    with pytest.raises(MediaError, match="it answers with a web page"):
        _get(tmp_path, mirror.url)
    assert part.read_bytes() == CONTENT[: 1 << 20]
    mirror.kind = "application/octet-stream"
    _get(tmp_path, mirror.url)


@pytest.mark.parametrize("count", [2, 10])
def test_processes_share_one_download(count: int, mirror: Mirror, tmp_path: Path) -> None:
    started = multiprocessing.get_context("spawn")
    with started.Pool(count) as pool:
        waiting = [pool.apply_async(_get, (tmp_path, mirror.url)) for _ in range(count)]
        assert {each.get(timeout=120) for each in waiting} == {tmp_path / FILE}
    assert mirror.starts == [0]


def test_a_process_that_was_killed_is_followed_by_another(mirror: Mirror, tmp_path: Path) -> None:
    started = multiprocessing.get_context("spawn")
    first = started.Process(target=_get, args=(tmp_path, mirror.url))
    mirror.halfway = first.kill
    first.start()
    first.join()
    assert first.exitcode == -9
    mirror.halfway = lambda: None
    _get(tmp_path, mirror.url)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 8 MiB of its own."""
    if os.geteuid():
        pytest.skip("only root may mount")
    image, where = tmp_path / "disk", tmp_path / "where"
    where.mkdir()
    with image.open("wb") as file:
        file.truncate(8 << 20)
    small_media.call("mkfs.ext4", "-q", "-O", "^has_journal", image)
    small_media.call("mount", "-o", "loop", image, where)
    with ExitStack() as undo:
        undo.callback(small_media.call, "umount", where)
        (where / "lost+found").rmdir()
        yield where


def test_a_disk_that_is_full_is_noticed_before(mirror: Mirror, small_disk: Path) -> None:
    mirror.files[f"/{FILE}"] = CONTENT * 3
    with pytest.raises(HostError, match="The download needs 9437184 bytes, but"):
        _get(small_disk, mirror.url, content=CONTENT * 3)
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_meanwhile(mirror: Mirror, small_disk: Path) -> None:
    other = small_disk / "other"

    def fill() -> None:
        wait_until(lambda: (small_disk / f"{FILE}.part").stat().st_size > 0)
        with suppress(OSError), other.open("wb", buffering=0) as file:
            while file.tell() < 8 << 20:
                file.write(bytes(1 << 20))

    mirror.halfway = fill
    with pytest.raises(HostError, match=f"No space is left in {small_disk}") as caught:
        _get(small_disk, mirror.url)
    assert isinstance(caught.value, BuilderError)
    assert not (small_disk / FILE).exists()
    mirror.halfway = lambda: None
    other.unlink()
    _get(small_disk, mirror.url)
    assert mirror.starts[-1] > 0


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy", "ALL_PROXY"])
def test_proxies_are_those_of_the_environment(
    name: str, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://vendor.example/isos/{FILE}"
    mirror.files = {address: CONTENT}
    monkeypatch.setenv(name, mirror.url)
    _get(tmp_path, "http://vendor.example/isos").unlink()
    assert mirror.asked == [address]
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mirror.files = {f"/{FILE}": CONTENT}
    _get(tmp_path, mirror.url)


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Return a server with TLS, whose certificate is good."""
    server = Mirror()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secured(server, tmp_path, "IP:127.0.0.1")))
    with serving(server):
        yield server


def _small(url: str, limit: int = 100) -> bytes:
    return network.small(url, limit=limit, patience=Patience(connect=5, silence=5))


def test_lists_and_keys_do_not_follow_from_https_to_http(mirror: Mirror, secure: Mirror) -> None:
    address = secure.url.replace("http:", "https:")
    mirror.files["/CHECKSUM"] = secure.files["/CHECKSUM"] = b"list"
    assert _small(f"{address}/CHECKSUM") == b"list"
    assert _small(f"{mirror.url}/CHECKSUM") == b"list"
    secure.moved = mirror.url
    with pytest.raises(Refusal, match="it redirects from https to http"):
        _small(f"{address}/CHECKSUM")
    secure.moved, mirror.moved = "", address
    assert _small(f"{mirror.url}/CHECKSUM") == b"list"


def test_isos_do_for_their_sha256_is_known(mirror: Mirror, secure: Mirror, tmp_path: Path) -> None:
    secure.moved = mirror.url
    (tmp_path / "cache").mkdir()
    _get(tmp_path / "cache", secure.url.replace("http:", "https:"))


def test_lists_are_small(mirror: Mirror) -> None:
    mirror.files["/CHECKSUM"] = bytes(101)
    with pytest.raises(Refusal, match="it has more than 100 bytes"):
        _small(f"{mirror.url}/CHECKSUM")
    mirror.cut, mirror.faults = 50, ["cut"]
    with pytest.raises(network.Interruption, match="the connection broke"):
        _small(f"{mirror.url}/CHECKSUM", 200)


def test_lists_have_a_limit_of_time_for_the_whole(mirror: Mirror) -> None:
    mirror.files["/CHECKSUM"] = bytes(1 << 20)
    mirror.faults = ["drip"]
    with pytest.raises(network.Interruption, match=r"connection broke|no answer in time"):
        network.small(
            f"{mirror.url}/CHECKSUM", limit=1 << 20, patience=Patience(connect=0.5, silence=0.5)
        )
