"""Setup knows whose packages a system takes, whatever package managers are installed there."""

from pathlib import Path

import pytest

import builder
from builder import process

SETUP = Path(builder.__file__).parent / "host/setup.sh"
FAMILIES = [
    ("ID=debian\n", "debian"),
    ("ID=ubuntu\nID_LIKE=debian\n", "debian"),
    ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "debian"),
    ("ID=fedora\n", "el"),
    ('ID="centos"\nID_LIKE="rhel fedora"\n', "el"),
    ('ID="rhel"\nID_LIKE="fedora"\n', "el"),
    ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "el"),
    ('ID="ol"\nID_LIKE="fedora"\n', "el"),
    ("ID=arch\n", None),
    ('ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', None),
    ("NAME=Linux\n", None),
]


@pytest.mark.parametrize(("os_release", "family"), FAMILIES)
def test_the_family_is_what_os_release_says(
    tmp_path: Path, os_release: str, family: str | None
) -> None:
    (tmp_path / "os-release").write_text(os_release)
    for name in ("apt-get", "dnf"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    functions = SETUP.read_text().partition("\nscratch=")[0]
    script = functions.replace("/etc/os-release", str(tmp_path / "os-release"))
    done = process.run(
        ["/bin/sh", "-c", f"{script}\nfind_family"], env={"PATH": str(tmp_path)}, check=False
    )
    assert (done.stdout, done.returncode) == ((f"{family}\n", 0) if family else ("", 4))
    assert ("no relative of Debian or EL" in done.stderr) == (family is None)
