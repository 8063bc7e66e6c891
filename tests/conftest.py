"""What all tests share: golden files, a libvirt that answers, and guards around unit tests."""

import gc
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from builder import config
from builder.host.libvirtd import libvirt_service
from builder.monitor import SilentMonitor
from tests.values import Golden

_GOLDEN = Path(__file__).parent / "golden"

_UNIT = Path(__file__).parent / "unit"
_NOT_IN_UNIT_TESTS = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.system",
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
    }
)
_guarded = False

# What a shell starts in its background ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about what else the machine does than about the code.
hypothesis.settings.register_profile(
    "builder", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("builder")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our option."""
    parser.addoption(
        "--update-golden", action="store_true", help="Write what the code makes to tests/golden."
    )


def pytest_collection_finish() -> None:
    """Take the tests themselves, which live as long as we do, out of the garbage collector's way.

    With thousands of them a collection takes a third of a second, and tests/hosts.py wants one
    for each host.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Return a check that a text equals the file NAME below tests/golden: golden(NAME, text)."""
    update = request.config.getoption("--update-golden")

    def check(name: str, text: str) -> None:
        path = _GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.is_file(), f"{path} is missing: look at the output, then --update-golden"
        assert text == path.read_text()

    return check


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the empty folder of a store pool."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def libvirt_uri() -> Iterator[str]:
    """Return the URI of a real libvirt, started for the tests where the host runs none."""
    settings = config.load()
    with libvirt_service(settings.uri, monitor=SilentMonitor()):
        yield settings.uri


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if _guarded and event in _NOT_IN_UNIT_TESTS:
        raise RuntimeError(f"unit tests must not do this: {event}")


sys.addaudithook(_refuse)  # cannot be taken back, hence the flag


@pytest.fixture(autouse=True)
def _guard(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep unit tests from starting programs, connecting and sleeping."""
    global _guarded  # noqa: PLW0603  # the audit hook has no other way to know
    if _UNIT not in request.path.parents:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", _no_sleep)
        _guarded = True
        try:
            yield
        finally:
            _guarded = False


def _no_sleep(_seconds: float) -> None:
    raise RuntimeError("unit tests must not sleep")
