"""Which failures of downloads are worth another attempt later."""

import pytest

from builder.errors import HostError, MediaError
from builder.media.network import Interruption, Refusal, passes


def _led_to(first: Exception) -> Exception:
    try:
        try:
            raise first
        except type(first) as error:
            raise Refusal(str(error)) from error
    except Refusal as error:
        return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Interruption("no answer in time"), True),
        (Refusal("404 Not Found"), False),
        (_led_to(Interruption("the connection broke")), True),
        (_led_to(Refusal("404 Not Found")), False),
    ],
    ids=["slow", "missing", "broke four times", "a list that is missing"],
)
def test_interruptions_pass(error: Exception, expected: bool) -> None:
    assert passes(error) == expected


def test_an_error_passes_only_where_that_is_said() -> None:
    assert not HostError("The disk is full.").may_pass
    assert MediaError("The mirror is away.", may_pass=True).may_pass
