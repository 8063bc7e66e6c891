"""What a template must pass before it is published, on real disks and with real clones."""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attempts import carry_out, planned

from builder.auditing import audit_disk, audit_template
from builder.build import build
from builder.cli.app import run as builder
from builder.config import Settings
from builder.errors import TemplateError
from builder.hypervisor import Hypervisor
from builder.inputs import rendered
from builder.model.audit import Expected, Finding
from builder.model.build import BuildOrder
from builder.model.media import StagedIso
from builder.model.template import Template
from builder.monitor import SilentMonitor
from builder.orders import Request, resolve
from builder.process import run
from builder.template.audit.judge import EXPOSED, SEAL
from builder.template.clone_report import NAMES as OF_CLONES
from builder.template.registry import manifest
from builder.template.verify import Trial, Verified, verify
from builder.virt.volumes import all_volumes


def order(**variables: str) -> BuildOrder:
    return resolve(Request(release="rehearsal", variables=variables))


def failed(findings: tuple[Finding, ...]) -> list[str]:
    return [each.check for each in findings if not each.passed]


@pytest.fixture(scope="module")
def template(hypervisor: Hypervisor, rehearsal: StagedIso) -> Template:
    assert rehearsal.path.is_file()
    wanted = order(swap_mib="64", filesystem="xfs", packages="xfsprogs")
    return build(wanted, on=hypervisor, monitor=SilentMonitor()).template


def test_a_rehearsal_is_all_green(hypervisor: Hypervisor, template: Template) -> None:
    record = manifest(template)
    assert [each.check for each in record.audit] == sorted(SEAL | EXPOSED)
    assert failed(record.audit) == []
    assert {each.check for each in record.clones} == set(OF_CLONES) - {"clone-report"}
    assert failed(record.clones) == []
    assert audit_template(template, on=hypervisor) == record.audit


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
    hypervisor: Hypervisor, template: Template, tmp_path: Path
) -> Callable[[Callable[[Path], None]], Verified]:
    """Return a function that changes files of the template, and boots two clones of that."""

    def check(change: Callable[[Path], None]) -> Verified:
        raw = tmp_path / "disk.raw"
        run(["qemu-img", "convert", "-O", "raw", template.path, raw])
        with mounted(raw, tmp_path / "root") as root:
            change(root)
        image = hypervisor.store_pool.path / ".sabotaged"
        run(["qemu-img", "convert", "-O", "qcow2", raw, image])
        raw.unlink()
        try:
            return verify(
                image,
                manifest(template).machine,
                connection=hypervisor.connection,
                trial=Trial(pool=hypervisor.store_pool.name, minutes=3, evidence=tmp_path),
            )
        finally:
            image.unlink()

    return check


def fix_machine_id(root: Path) -> None:
    (root / "etc/machine-id").write_text(f"{'0af1' * 8}\n")


def keep_host_keys(root: Path) -> None:
    run(["ssh-keygen", "-A", "-f", root])


def add_failing_unit(root: Path) -> None:
    unit = root / "etc/systemd/system/broken.service"
    unit.write_text("[Service]\nType=oneshot\nExecStart=/bin/false\n")
    (unit.parent / "multi-user.target.wants/broken.service").symlink_to(unit.name)


def forget_to_grow(root: Path) -> None:
    (root / "etc/systemd/system/multi-user.target.wants/builder-grow-root.service").unlink()


@pytest.mark.parametrize(
    ("change", "check", "detail"),
    [
        (fix_machine_id, "clone-machine-ids", f"two clones have the machine-id {'0af1' * 8}"),
        (keep_host_keys, "clone-ssh-host-keys", "two clones have the ssh host key ssh-ed25519"),
        (add_failing_unit, "clone-units", "broken.service failed"),
        (forget_to_grow, "clone-growth", "on a disk that is 1024 MiB larger, / is 0 MiB larger"),
    ],
)
def test_a_sabotaged_template_is_found_out(
    sabotage: Callable[[Callable[[Path], None]], Verified],
    change: Callable[[Path], None],
    check: str,
    detail: str,
) -> None:
    found = sabotage(change).findings
    assert failed(found) == [check]
    [details] = [each.details for each in found if not each.passed]
    assert any(each.startswith(detail) for each in details), details


def test_a_template_with_a_broken_fstab(
    sabotage: Callable[[Callable[[Path], None]], Verified],
) -> None:
    def change(root: Path) -> None:
        with (root / "etc/fstab").open("a") as file:
            file.write("/dev/sda /data ext4 defaults 0 0\n")

    with pytest.raises(TemplateError, match="does not boot: You are in emergency mode"):
        sabotage(change)


FILL_SWAP = """
%post --erroronfail
dd if=/dev/urandom of=/dev/sda1 bs=4096 seek=9 count=1 conv=notrunc
%end
"""


@pytest.mark.parametrize(("spared", "found"), [("swap", ["swap"]), ("", [])])
def test_swap_that_holds_data(
    hypervisor: Hypervisor, rehearsal: StagedIso, tmp_path: Path, *, spared: str, found: list[str]
) -> None:
    nonce = secrets.token_hex(16)
    wanted = order(swap_mib="64", **({"seal_except": spared} if spared else {}))
    text = rendered(wanted, nonce=nonce).text.replace("%onerror", f"{FILL_SWAP}\n%onerror", 1)
    with planned(text, nonce=nonce, on=hypervisor, iso=rehearsal, folder=tmp_path) as plan:
        carry_out(plan, hypervisor)
        pool = hypervisor.store_pool.name
        [disk] = [
            each
            for each in all_volumes(hypervisor.connection, pool)
            if each.path == plan.domain.disks[0].path
        ]
        findings = audit_disk(
            disk,
            Expected(),
            medium=rehearsal.path,
            machine=plan.domain.machine,
            on=hypervisor,
            evidence=tmp_path / "audit",
        )
    assert failed(findings) == found


KICKSTART = Path(__file__).parents[2] / "kickstarts/rehearsal.ks.j2"
LEAK = """
%post
printf -- '-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIA\\n' >/etc/x.pem
%end

"""


def test_a_key_that_a_kickstart_leaves_is_refused(
    settings: Settings,
    hypervisor: Hypervisor,
    rehearsal: StagedIso,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ours = KICKSTART.read_text()
    last = ours.rindex("%post")
    own = tmp_path / "leaky.ks.j2"
    own.write_text(ours[:last] + LEAK + ours[last:])
    for key in Settings.__struct_fields__:
        if value := getattr(settings, key):
            monkeypatch.setenv(f"BUILDER_{key.upper()}", str(value))

    code = builder(["build", "rehearsal", "--iso", str(rehearsal.path), "--allow-unverified",
                    "--kickstart", str(own)])  # fmt: skip

    said = capsys.readouterr().err
    assert code == 9, said
    assert "did not pass secrets" in said
    assert "/etc/x.pem has a private key" in said
    assert "--waive secrets" in said
    assert not list(hypervisor.store_pool.path.glob("rehearsal-leaky*"))
    shutil.rmtree(settings.artifacts / "rehearsal-leaky")
