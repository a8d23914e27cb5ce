from __future__ import annotations

from assistant.model_calls.breaker import FAILURES, REST, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def open_breaker(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.lets_through()
        breaker.failed()
    return breaker


def test_after_failures_in_a_row_nobody_is_let_through() -> None:
    assert not open_breaker(Clock()).lets_through()


def test_a_success_between_forgets_the_failures() -> None:
    breaker = Breaker(Clock())
    for _ in range(3 * FAILURES):
        for _ in range(FAILURES - 1):
            breaker.failed()
        breaker.succeeded()

    assert breaker.lets_through()


def test_after_a_rest_one_may_try() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now = REST

    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]


def test_a_trial_that_fails_brings_another_rest_and_one_that_succeeds_ends_it() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now = REST
    assert breaker.lets_through()
    breaker.failed()
    clock.now = 2 * REST - 1
    assert not breaker.lets_through()
    clock.now = 2 * REST
    assert breaker.lets_through()
    breaker.succeeded()

    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]


def test_a_trial_of_which_nothing_is_heard_does_not_shut_everybody_out() -> None:
    clock = Clock()
    breaker = open_breaker(clock)
    clock.now = REST
    assert breaker.lets_through()
    clock.now = 2 * REST

    assert breaker.lets_through()
