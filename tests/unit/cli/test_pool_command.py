"""builder pool: what it prints."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from builder.cli import app
from builder.host import libvirtd
from tests.hosts import driven


def test_a_pool_whose_folder_is_gone_is_not_called_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As libvirt calls it until somebody refreshes it."""
    with driven(tmp_path) as host:
        monkeypatch.setattr(libvirtd, "opened", lambda *_, **__: nullcontext(host.connection))
        host.store_pool.path.rmdir()
        assert app.run(["pool", "list"]) == 0
        lines = capsys.readouterr().out.splitlines()
    states = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert (states["iso"], states["store"]) == ("active", "away")
