"""What a template must pass before it is published, on real disks and with real clones."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from spoiling import Built, built_fixture, findings

from builder.config import Settings
from builder.errors import TemplateError
from builder.host.host import Host
from builder.kickstart.library import Library
from builder.model.audit import Finding
from builder.model.installation import Deadlines
from builder.model.media import StagedIso
from builder.model.template import Template
from builder.model.traces import Traces
from builder.monitor import SilentMonitor
from builder.process import run
from builder.proof.audit import freed
from builder.proof.audit.judge import EXPOSED, SEAL
from builder.proof.clone_report import NAMES as OF_CLONES
from builder.proof.verify import Trial, Verified, verify
from builder.recipes.audit import audit_template
from builder.recipes.build import build
from builder.recipes.order import Request, resolve
from builder.registry.registry import manifest
from tests.waiting import PATIENCE

__all__ = ["built_fixture"]
FILL_SWAP = """
%post --erroronfail
swap=$(blkid -c /dev/null -t TYPE=swap -o device)
dd if=/dev/urandom of=$swap bs=4096 seek=9 count=1 conv=notrunc
%end
"""
SWAPPED = (
    '{% extends "rehearsal.ks.j2" %}\n{% block failure %}\n'
    + FILL_SWAP
    + "\n{{ super() }}\n{% endblock %}\n"
)
NAMED = """#!/bin/sh
[ "$($BUILDER_SSH cat /etc/hostname)" = localhost.localdomain ]
"""


def traces(folder: Path) -> Traces:
    return Traces(id=folder.parent.name, folder=folder, began=datetime.now(UTC))


def failed(findings: tuple[Finding, ...]) -> list[str]:
    return [each.check for each in findings if not each.passed]


@pytest.fixture(scope="module")
def template(
    host: Host, rehearsal: StagedIso, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    """Return a template on XFS, whose installer left something in swap, with a check of its own."""
    assert rehearsal.path.is_file()
    own = tmp_path_factory.mktemp("own")
    (own / "swapped.ks.j2").write_text(SWAPPED)
    (own / "profiles").mkdir()
    (own / "profiles/checked.toml").write_text('checks = ["named.sh"]\n')
    (own / "named.sh").write_text(NAMED)
    (own / "named.sh").chmod(0o755)
    request = Request(
        release="rehearsal",
        kickstart=own / "swapped.ks.j2",
        profile="checked",
        variables={"swap_mib": "64", "filesystem": "xfs", "packages": "xfsprogs"},
    )
    wanted = resolve(request, Library(own))
    return build(wanted, host=host, monitor=SilentMonitor()).template


def test_a_rehearsal_is_all_green(host: Host, template: Template) -> None:
    record = manifest(template)
    assert [each.check for each in record.audit] == [*sorted(SEAL | EXPOSED), freed.NAME]
    assert failed(record.audit) == []
    assert {each.check for each in record.clones} == {*OF_CLONES, "user-checks"} - {"clone-report"}
    assert failed(record.clones) == []
    again = audit_template(template, host=host, monitor=SilentMonitor())
    assert again == record.audit[:-1]  # clusters of a published image hold free blocks as well


@contextmanager
def mounted(raw: Path, folder: Path) -> Iterator[Path]:
    """Mount the last partition of a raw disk."""
    parts = json.loads(run(["sfdisk", "--json", raw]).stdout)["partitiontable"]["partitions"]
    options = f"loop,offset={parts[-1]['start'] * 512},sizelimit={parts[-1]['size'] * 512}"
    folder.mkdir()
    run(["mount", "-o", options, raw, folder])
    try:
        yield folder
    finally:
        run(["umount", folder])


@pytest.fixture
def sabotage(
    host: Host, template: Template, tmp_path: Path
) -> Callable[[Callable[[Path], None]], Verified]:
    """Return a function that changes files of the template, and boots two clones of that."""

    def check(change: Callable[[Path], None]) -> Verified:
        raw = tmp_path / "disk.raw"
        run(["qemu-img", "convert", "-O", "raw", template.path, raw])
        with mounted(raw, tmp_path / "root") as root:
            change(root)
        image = host.store_pool.path / ".sabotaged"
        run(["qemu-img", "convert", "-O", "qcow2", raw, image])
        raw.unlink()
        try:
            return verify(
                image,
                (manifest(template).machine,) * 2,
                connection=host.connection,
                trial=Trial(
                    pool=host.store_pool.name,
                    deadlines=Deadlines(total_seconds=PATIENCE, idle_seconds=PATIENCE),
                    traces=traces(tmp_path),
                ),
                monitor=SilentMonitor(),
            )
        finally:
            image.unlink()

    return check


def test_a_template_with_a_broken_fstab(
    sabotage: Callable[[Callable[[Path], None]], Verified],
) -> None:
    def change(root: Path) -> None:
        with (root / "etc/fstab").open("a") as file:
            file.write("/dev/sda /data ext4 defaults 0 0\n")

    with pytest.raises(TemplateError, match="entered emergency mode"):
        sabotage(change)


LEAK = """
%post
printf -- '-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIA\\n' >/etc/x.pem
%end

"""
HIDDEN = """
%post --erroronfail
mv /boot/efi/EFI/[Bb][Oo][Oo][Tt] /boot/efi/EFI/vendor
%end

"""


def test_secrets_swap_and_a_boot_loader_that_only_a_boot_entry_finds_are_refused(
    settings: Settings, built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    code = built(LEAK + FILL_SWAP + HIDDEN, "--firmware", "uefi", "--set", "swap_mib=64")

    said = capsys.readouterr().err
    assert code == 9, said
    assert "did not pass boot-fallback" in said
    # Which disk Linux calls sda is chance, where the installer has several.
    assert re.search("there is no EFI/BOOT/BOOTX64.EFI on /dev/sd[a-z]1", said)
    assert findings(settings, "audit.json")["secrets"].details == ("/etc/x.pem has a private key",)
    assert "; nor secrets, swap." in said
    assert "--waive boot-fallback --waive secrets --waive swap" in said
