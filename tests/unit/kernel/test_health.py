"""Alive and ready are two questions."""

import unittest

from congress.kernel.health import ask, liveness, readiness
from congress.model.status import Health, State

OK = Health()
WAITS = Health(State.NOT_READY, "waits")
ODD = Health(State.DEGRADED, "limps")
DEAD = Health(State.FAILED, "fell", 5.0)


class HealthTest(unittest.TestCase):
    def test_nothing_is_alive_and_ready(self) -> None:
        self.assertEqual((OK, OK), (liveness({}), readiness({})))

    def test_waiting_is_alive_and_not_ready(self) -> None:
        parts = {"a": OK, "b": WAITS}
        self.assertEqual((State.OK, State.NOT_READY), self.states(parts))

    def test_degraded_is_alive_and_ready(self) -> None:
        self.assertEqual((State.OK, State.OK), self.states({"a": ODD}))

    def test_failed_is_neither_and_everything_is_named(self) -> None:
        parts = {"b": DEAD, "a": WAITS, "c": Health(State.FAILED)}
        self.assertEqual((State.FAILED, State.FAILED), self.states(parts))
        self.assertEqual("b: fell; c: failed", liveness(parts).message)
        self.assertEqual("a: waits; b: fell; c: failed", readiness(parts).message)
        self.assertEqual(5.0, liveness({"b": DEAD}).since)

    def test_who_cannot_tell_has_failed(self) -> None:
        def broken() -> Health:
            raise ValueError("what")

        self.assertIn("ValueError: what", ask(broken).message)
        self.assertEqual(State.FAILED, ask(broken).state)
        self.assertEqual(State.FAILED, ask(lambda: None).state)  # type: ignore[arg-type, return-value]
        self.assertEqual(ODD, ask(lambda: ODD))

    def states(self, parts: dict[str, Health]) -> tuple[State, State]:
        return liveness(parts).state, readiness(parts).state
