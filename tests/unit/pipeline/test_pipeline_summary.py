"""What a run leaves for people and for machines."""

import pytest
from msgspec.structs import replace

from builder.cli.output import table, to_json
from builder.errors import BatchError
from builder.pipeline import summary
from builder.record.runs import Outcome
from tests.values import Golden

PUBLISHED = Outcome(
    name="centos7",
    result="published",
    seconds=1627.4,
    version="20261123.1",
    path="/data_kvm/store/centos7-20261123.1.qcow2",
    sha256="0" * 64,
)
UNCHANGED = Outcome(
    name="centos7-dvd-uefi",
    result="unchanged",
    seconds=3.2,
    version="20261101.12",
    path="/data_kvm/store/centos7-dvd-uefi-20261101.12.qcow2",
    sha256="1" * 64,
)
FAILED = Outcome(
    name="centos7-kvm-host",
    result="failed",
    seconds=59.6,
    error="The guest crashed.",
    hint="The console log shows its last lines.",
    folder="/var/lib/builder/builds/centos7-kvm-host/20261123T000000-00000001",
    exit_code=7,
)
OUTCOMES = (PUBLISHED, UNCHANGED, FAILED)


def test_table_and_json(golden: Golden) -> None:
    golden("pipeline/report.txt", table(summary.HEADER, summary.rows(OUTCOMES)) + "\n")
    golden("pipeline/report.json", to_json(OUTCOMES) + "\n")


REFUSED = Outcome(name="centos9", result="failed", seconds=0.1, exit_code=6)


@pytest.mark.parametrize(
    ("failed", "names", "evidence"),
    [
        ((FAILED,), "centos7-kvm-host", ", `builder builds show NAME` the evidence of {}"),
        ((REFUSED,), "centos9", ""),
        (
            (FAILED, REFUSED),
            "centos7-kvm-host, centos9",
            ", `builder builds show NAME` the evidence of {}",
        ),
    ],
)
def test_some_failed(failed: tuple[Outcome, ...], names: str, evidence: str) -> None:
    summary.check((PUBLISHED, UNCHANGED))
    with pytest.raises(BatchError) as caught:
        summary.check((PUBLISHED, UNCHANGED, *failed))
    assert caught.value.message == f"{len(failed)} of {len(failed) + 2} builds failed: {names}."
    told = evidence.format(FAILED.name)
    assert caught.value.hint == f"The table has the reason of each{told}."


@pytest.mark.parametrize(
    ("outcome", "detail"),
    [
        (PUBLISHED, PUBLISHED.path),
        (
            replace(PUBLISHED, reason="kernel 5.14.0-611 → 5.14.0-633", attempts=2),
            f"{PUBLISHED.path} (kernel 5.14.0-611 → 5.14.0-633) (2 attempts)",
        ),
        (
            replace(FAILED, attempts=3),
            "The guest crashed. The console log shows its last lines. (3 attempts)",
        ),
    ],
    ids=["nothing more", "a reason", "a failure"],
)
def test_a_row_tells_why_and_after_how_many_attempts(outcome: Outcome, detail: str) -> None:
    assert summary.rows([outcome])[0][-1] == detail
