"""What a template must pass before it is published, on real disks and with real clones."""

import json
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
dd if=/dev/urandom of=/dev/sda1 bs=4096 seek=9 count=1 conv=notrunc
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


# After the seal: a fixed machine-id, ssh host keys, a failing unit, and no growth.
SABOTAGE = """
%post
echo 0af10af10af10af10af10af10af10af1 >/etc/machine-id
ssh-keygen -A
cd /etc/systemd/system
printf '[Service]\\nType=oneshot\\nExecStart=/bin/false\\n' >broken.service
ln -s ../broken.service multi-user.target.wants/broken.service
rm multi-user.target.wants/builder-grow-root.service
%end

"""
FLAWS = {
    "clone-machine-ids": f"two clones have the machine-id {'0af1' * 8}",
    "clone-ssh-host-keys": "two clones have the ssh host key ssh-ed25519",
    "clone-units": "broken.service failed",
    "clone-growth": "on a disk that is 1024 MiB larger, / is 0 MiB larger",
}


def test_every_sabotage_of_a_template_is_refused(
    settings: Settings, built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    code = built(SABOTAGE, "--waive", "machine-id", "--waive", "ssh-host-keys")

    said = capsys.readouterr().err
    assert code == 9, said
    assert "nor clone-" in said
    waived = {key for key, each in findings(settings, "audit.json").items() if each.waived}
    assert waived == {"machine-id", "ssh-host-keys"}
    clones = findings(settings, "clones.json")
    assert {key for key, each in clones.items() if not each.passed} == set(FLAWS)
    for check, detail in FLAWS.items():
        assert any(each.startswith(detail) for each in clones[check].details), clones[check]
        assert f"--waive {check}" in said


LEAK = """
%post
printf -- '-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIA\\n' >/etc/x.pem
%end

"""


def test_what_a_kickstart_leaves_in_files_and_in_swap_is_refused(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    code = built(LEAK + FILL_SWAP, "--set", "swap_mib=64")

    said = capsys.readouterr().err
    assert code == 9, said
    assert "did not pass secrets" in said
    assert "/etc/x.pem has a private key" in said
    assert "nor swap" in said
    assert "--waive secrets --waive swap" in said
