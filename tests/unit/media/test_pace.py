import pytest

from builder.media.pace import FLOOR, Pace, Patience

_KIB = 1 << 10


def _timed(*reads: tuple[float, int]) -> tuple[Pace, list[bool]]:
    """Let reads of so many seconds bring so many bytes; return what `stalls` says after each."""
    times = iter([time for seconds, _ in reads for time in (0.0, seconds)])
    pace = Pace(Patience(clock=lambda: next(times)))
    verdicts = []
    for _, amount in reads:
        assert pace.timed(bytes, amount) == bytes(amount)
        verdicts.append(pace.stalls())
    return pace, verdicts


@pytest.mark.parametrize(
    ("reads", "stalls"),
    [
        pytest.param([(1.0, 1)] * 60, True, id="a byte a second"),
        pytest.param([(1.0, 1)] * 59, False, id="not yet a minute"),
        pytest.param([(1.0, FLOOR)] * 600, False, id="as slow as may be"),
        pytest.param([(50.0, 60 * _KIB)] * 9, False, id="in bursts"),
        pytest.param([(0.5, 9 << 20)] * 120 + [(1.0, 1)] * 60, True, id="first fast, then slow"),
        pytest.param([(1.0, 1)] * 50 + [(3600.0, 1)] + [(1.0, 2 * FLOOR)] * 70, False, id="Ctrl-Z"),
        pytest.param([(1.0, 1)] * 50 + [(3600.0, 1)] + [(1.0, 1)] * 60, True, id="slow after that"),
    ],
)
def test_floor(reads: list[tuple[float, int]], *, stalls: bool) -> None:
    _, verdicts = _timed(*reads)
    assert verdicts == [False] * (len(reads) - 1) + [stalls]


@pytest.mark.parametrize(
    ("waited", "gain", "worth"),
    [
        pytest.param(0.0, 0, False, id="nothing"),
        pytest.param(0.0, _KIB - 1, False, id="crumbs, at once"),
        pytest.param(0.0, _KIB, True, id="a KiB in the second of the pause"),
        pytest.param(60.0, 59 * _KIB, False, id="slower than the floor"),
        pytest.param(60.0, 60 * _KIB, True, id="at the floor"),
        pytest.param(3600.0, 60 * _KIB, True, id="we were stopped: a minute counts at most"),
    ],
)
def test_worth_of_an_attempt(waited: float, gain: int, *, worth: bool) -> None:
    pace, _ = _timed((waited, 0))
    assert pace.justifies(gain) is worth


def test_time_until_an_error_counts() -> None:
    times = iter([0.0, 60.0])
    pace = Pace(Patience(clock=lambda: next(times)))

    def silence(_amount: int) -> bytes:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        pace.timed(silence, 1)
    assert not pace.justifies(59 * _KIB)
