"""Pools of those who only read: what is said where there is neither libvirt nor a folder."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.errors import HostError
from builder.host import libvirtd, pools
from builder.monitor import SilentMonitor
from tests.hosts import settings


@pytest.mark.parametrize(
    ("ours", "hint"),
    [
        (True, "`builder pool init` starts libvirt, and makes it where there is none."),
        (False, "This host's own is qemu:///system; a user's is qemu:///session."),
    ],
)
def test_neither_libvirt_nor_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, ours: bool, hint: str
) -> None:
    monkeypatch.setattr(libvirtd, "is_ours", lambda _: ours)
    nobody = replace(settings(tmp_path), uri="test:///nowhere.xml")
    with pytest.raises(HostError) as caught:
        pools.folder(nobody, "store_pool", monitor=SilentMonitor())
    begun = f"There is no folder {tmp_path / 'store'} of the pool store. Cannot connect"
    assert caught.value.message.startswith(begun)
    assert caught.value.hint == hint


def test_a_folder_is_read_without_libvirt(tmp_path: Path) -> None:
    nobody = replace(settings(tmp_path), uri="test:///nowhere.xml")
    nobody.store_pool_path.mkdir()
    assert pools.folder(nobody, "store_pool", monitor=SilentMonitor()) == nobody.store_pool_path
