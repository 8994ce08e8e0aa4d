"""A model that keeps failing rests, and is tried again by one request."""

import pytest

from polyvox.domain.errors import EngineCrashed, EngineFailed, Unavailable
from polyvox.runtime.breaker import CLOSED, HALF_OPEN, OPEN, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(most=3, rest=30, clock=clock)


def test_some_errors_in_a_row_open_it(breaker: Breaker) -> None:
    for _ in range(2):
        breaker.enter()
        breaker.failed(EngineFailed("oops"))
    breaker.enter()
    breaker.passed()
    for _ in range(3):
        assert breaker.state == CLOSED
        breaker.enter()
        breaker.failed(EngineFailed("oops"))
    assert breaker.state == OPEN
    with pytest.raises(Unavailable, match="oops"):
        breaker.enter()


@pytest.mark.parametrize("error", [EngineCrashed("died"), Unavailable("no weights")])
def test_a_crash_or_a_failed_load_opens_it_at_once(
    breaker: Breaker, error: EngineCrashed | Unavailable
) -> None:
    breaker.enter()
    breaker.failed(error)
    assert breaker.state == OPEN


def test_after_its_rest_one_request_finds_out(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(EngineCrashed("died"))
    clock.now = 31
    assert breaker.state == HALF_OPEN
    breaker.enter()
    with pytest.raises(Unavailable):
        breaker.enter()
    breaker.failed(EngineFailed("still"))
    assert breaker.state == OPEN
    clock.now = 62
    breaker.enter()
    breaker.passed()
    assert (breaker.state, breaker.reason) == (CLOSED, None)


def test_a_probe_that_was_left_frees_its_place(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(EngineCrashed("died"))
    clock.now = 31
    breaker.enter()
    breaker.left()
    breaker.enter()
