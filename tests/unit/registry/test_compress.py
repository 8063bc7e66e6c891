"""Compressing an image: what is left and said when it fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builder import process
from builder.errors import HostError
from builder.monitor import SilentMonitor
from builder.process import Completed
from builder.registry.compress import compress


def stand_in(said: str) -> object:
    """A qemu-img that writes half an image and fails."""

    def run(argv: list[str | Path], *, on_line: Callable[[str], None]) -> Completed:
        on_line("    (1.00/100%)")
        Path(argv[-1]).write_text("half")
        command = tuple(map(str, argv))
        raise process.failure(Completed(argv=command, returncode=1, stdout="", stderr=said))

    return run


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "qemu-img: error while writing at byte 8192: No space left on device",
            "The disk of {folder} is full: the template does not fit.",
        ),
        (
            "qemu-img: Could not open 'disk': Permission denied",
            "qemu-img failed (exit 1): qemu-img: Could not open 'disk': Permission denied",
        ),
    ],
)
def test_a_failure_is_explained_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, message: str
) -> None:
    monkeypatch.setattr(process, "follow", stand_in(said))
    with pytest.raises(HostError) as caught:
        compress(tmp_path / "disk.qcow2", tmp_path / ".candidate", monitor=SilentMonitor())
    assert caught.value.message == message.format(folder=tmp_path)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(argv: list[str | Path], **_other: object) -> Completed:
        Path(argv[-1]).write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "follow", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compress(tmp_path / "disk.qcow2", tmp_path / ".candidate", monitor=SilentMonitor())
    assert list(tmp_path.iterdir()) == []
