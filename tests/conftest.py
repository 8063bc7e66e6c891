"""What all tests share: golden files, a libvirt that answers, and guards around unit tests."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder import config
from builder.host.libvirtd import libvirt_service
from builder.model.domain import Machine
from builder.model.package import Package, System
from builder.model.template import Manifest
from builder.monitor import SilentMonitor

_GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str], None]

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


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our option."""
    parser.addoption(
        "--update-golden", action="store_true", help="Write what the code makes to tests/golden."
    )


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
def record() -> Manifest:
    """Return what a build of CentOS 7 records, but for its image."""
    bash = {"source": "bash-4.2.46-34.el7.src.rpm", "license": "GPLv3+"}
    return Manifest(
        name="centos7",
        version="20261123.1",
        build_id="20261123T100000-0a1b2c3d",
        build_key="f" * 64,
        created="2026-11-23T10:00:00Z",
        finished="2026-11-23T10:09:30Z",
        release="centos7",
        profile="minimal",
        medium="minimal",
        iso="CentOS-7-x86_64-Minimal-2009.iso",
        iso_sha256="07b94e6b1a0b0260b94c83d6bb76b26bf7a310dc78d7a9c7432809fb9bc6194a",
        iso_url="https://vault.example/CentOS-7-x86_64-Minimal-2009.iso",
        variables={"lang": "de_DE.UTF-8"},
        kickstart="rootpw --lock\n",
        machine=Machine(
            osinfo="http://centos.org/centos/7.0",
            virt_type="kvm",
            cpu="host-passthrough",
            memory_mib=2048,
            vcpus=2,
            firmware="bios",
            network="user",
        ),
        packages=(
            Package(kind="rpm", name="bash", version="4.2.46-34.el7", arch="x86_64", **bash),
            Package(kind="rpm", name="dbus", version="1:1.10.24-15.el7", arch="x86_64"),
            Package(kind="rpm", name="libstdc++", version="4.8.5-44.el7", arch="i686"),
        ),
        system=System(
            id="centos",
            version_id="7",
            pretty_name="CentOS Linux 7 (Core)",
            cpe_name="cpe:/o:centos:centos:7",
        ),
        compression="zstd",
        tools={"builder": "0.1.0", "libvirt": "9.0.0", "qemu": "7.2.22"},
    )


@pytest.fixture(scope="session")
def libvirt_uri() -> Iterator[str]:
    """Return the URI of a real libvirt, started for the tests where the host runs none."""
    settings = config.load()
    with libvirt_service(settings.uri, state=settings.state, monitor=SilentMonitor()):
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
