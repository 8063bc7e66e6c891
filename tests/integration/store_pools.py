"""A store pool with templates that are small, but real images."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from builder.cli import app
from builder.model.template import Template
from builder.registry.image import measure
from builder.registry.publish import publish
from builder.virt import pools
from tests.hosts import URI, new_host
from tests.values import manifest

TODAY = date(2026, 11, 23)


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *words], check=True, capture_output=True)


def overlay(path: Path, base: Path | str) -> Path:
    """Make a qcow2 whose backing file is `base`, as written there."""
    qemu_img("create", "-u", "-f", "qcow2", "-F", "qcow2", "-b", base, path, "1M")
    return path


def with_data_file(path: Path, data: Path) -> Path:
    """Make a qcow2 whose data is in `data`, which stays as it is if it is there."""
    content = data.read_bytes() if data.exists() else b""
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={data},data_file_raw=on", path, "1M")
    data.write_bytes(content or data.read_bytes())
    return path


def candidate(store: Path, build_id: str) -> Path:
    """Make an image that is ready to be published."""
    path = store / f".{build_id}.candidate"
    qemu_img("create", "-f", "qcow2", path, "1M")
    return path


def issue(store: Path, build_id: str, **changes: object) -> Template:
    """Publish a small image; `changes` are the manifest's."""
    image = candidate(store, build_id)
    record = manifest(build_id=build_id, **changes)
    return publish(image, record, measure(image), today=TODAY)


@contextmanager
def typed_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let commands run in the folder, on libvirt's test driver; yield their store pool's folder.

    The connection stays open: the test driver forgets everything with the last one.
    """
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BUILDER_URI", URI)
    store = folder / "store"
    store.mkdir()
    with new_host() as connection:
        pools.remove(connection, "default-pool")  # whose folder is nowhere
        pools.ensure(connection, "store", path=store)
        yield store


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Return what a command prints, which must succeed and complain of nothing."""
    capsys.readouterr()
    assert app.run([*argv]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out
