"""What an audit of a published image does not look at."""

import pytest

from builder.model.audit import Finding
from builder.proof.audit.freed import NAME
from builder.recipes.audit import unseen
from tests.values import manifest

PASSED = Finding(check=NAME, says="nothing")
FAILED = Finding(check=NAME, says="nothing", details=("900 MiB",))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ((PASSED,), "On the disk that was installed it passed."),
        ((Finding(check=NAME, says="nothing", details=("x",), waived=True),), "it was waived."),
        ((FAILED,), "it did not pass."),
        ((), "it was not looked at either."),
    ],
)
def test_that_it_is_not_looked_at_is_said(build: tuple[Finding, ...], said: str) -> None:
    told = unseen((Finding(check="logs", says="empty"),), manifest(audit=build))
    assert told.startswith(f"{NAME} is not looked at: the image is compressed")
    assert told.endswith(said)


def test_what_was_looked_at_needs_no_word() -> None:
    assert unseen((PASSED,), manifest(audit=())) == ""
