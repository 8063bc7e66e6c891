"""How the doctor judges what it measured."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.errors import HostError
from builder.host.doctor import (
    examine,
    failed,
    judge_firmware,
    judge_kvm,
    judge_memory,
    judge_network,
    judge_space,
)
from builder.monitor import SilentMonitor
from tests.hosts import driven, new_host, settings
from tests.values import KVM

_GIB = 1024**3


@pytest.mark.parametrize(
    ("kibibytes", "state", "detail"),
    [
        (8 * 1024**2, "ok", "8.0 GiB available"),
        (2_621_440, "ok", "2.5 GiB available"),
        (2_621_439, "warn", "2.5 GiB available"),
        (0, "warn", "0.0 GiB available"),
    ],
)
def test_memory(kibibytes: int, state: str, detail: str) -> None:
    text = f"MemTotal:  9999999 kB\nMemAvailable:   {kibibytes} kB\nBuffers: 1 kB\n"
    found = judge_memory(text)
    assert (found.state, found.detail, bool(found.hint)) == (state, detail, state != "ok")


@pytest.mark.parametrize(
    ("free", "state"),
    [(15 * _GIB, "ok"), (15 * _GIB - 1, "warn"), (4 * _GIB, "warn"), (4 * _GIB - 1, "fail")],
)
def test_space(free: int, state: str) -> None:
    found = judge_space("iso_pool", Path("/media"), free)
    assert (found.subject, found.state) == ("iso pool", state)
    assert ("iso_pool_path" in found.hint) == (state != "ok")


def test_whatever_is_wrong_has_a_remedy(tmp_path: Path) -> None:
    found = examine(settings(tmp_path), monitor=SilentMonitor())
    libvirt = next(each for each in found if each.subject == "libvirt")
    assert (libvirt.state, "qemu:///system" in libvirt.hint) == ("fail", True)
    assert [each for each in found if each.state != "ok" and not each.hint] == []


def test_what_a_missing_program_is_needed_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {each.subject: each for each in examine(settings(tmp_path), monitor=SilentMonitor())}
    told = {
        "openssl": ("fail", "every build", "openssl"),
        "gpgv": ("warn", "ISOs whose vendors sign for them", "gpgv (Debian) or gnupg2 (EL)"),
        "xorriso": ("warn", "rehearsals only", "xorriso"),
    }
    for name, (state, needed, package) in told.items():
        remark = found[name]
        assert (remark.state, remark.hint) == (state, f"Install {package}.")
        assert remark.detail == f"not installed; needed for {needed}"


@pytest.mark.parametrize(("hint", "told"), [("Mend it.", "Mend it."), ("", "libvirt's own log")])
def test_a_failure_has_its_own_remedy_or_any(hint: str, told: str) -> None:
    assert told in failed("libvirt", HostError("No.", hint=hint)).hint


def test_the_folders_are_those_that_builds_would_use(tmp_path: Path) -> None:
    with driven(tmp_path) as host:
        away = replace(host.settings, iso_pool_path=Path("/iso"), store_pool_path=Path("/store"))
        host.store_pool.path.rmdir()
        *_others, iso, store = examine(away, monitor=SilentMonitor())
    assert iso.detail.endswith(f" free for {host.iso_pool.path}")
    assert (store.state, f"{host.store_pool.path}, is away" in store.detail) == ("fail", True)


@pytest.mark.parametrize(
    ("network", "state", "detail"),
    [
        ("user", "ok", "user"),
        ("bridge:nosuch", "fail", "there is no bridge nosuch"),
        ("network:nosuch", "fail", "there is no network nosuch"),
    ],
)
def test_the_network_that_guests_would_have(network: str, state: str, detail: str) -> None:
    with new_host() as connection:
        found = judge_network(connection, network)
    assert (found.state, detail in found.detail, bool(found.hint)) == (state, True, state != "ok")


@pytest.mark.parametrize(
    ("works", "node", "ours", "roots", "state", "hint"),
    [
        (True, True, True, False, "ok", ""),
        (True, True, False, False, "ok", ""),  # the system's guests run as somebody else
        (False, False, False, False, "warn", "kvm_intel"),
        (False, True, False, False, "warn", "usermod -aG kvm"),
        (False, True, True, False, "warn", "nested KVM"),
        (False, True, True, True, "warn", "chgrp kvm /dev/kvm"),
        (False, True, False, True, "warn", "chgrp kvm /dev/kvm"),
    ],
)
def test_kvm(*, works: bool, node: bool, ours: bool, roots: bool, state: str, hint: str) -> None:
    found = judge_kvm(works=works, node=node, ours=ours, roots=roots)
    assert (found.state, bool(found.hint)) == (state, bool(hint))
    assert hint in found.hint


@pytest.mark.parametrize(
    ("lacking", "subject", "package"),
    [("uefi", "UEFI", "ovmf"), ("secure_boot", "Secure Boot", "ovmf"), ("tpm", "TPM", "swtpm")],
)
def test_what_starts_guests(lacking: str, subject: str, package: str) -> None:
    assert {each.state for each in judge_firmware(KVM)} == {"ok"}
    found = {each.subject: each for each in judge_firmware(replace(KVM, **{lacking: False}))}
    assert found[subject].state == "warn"
    assert f"Install {package}" in found[subject].hint
    assert [each.state for each in found.values()].count("ok") == 2
