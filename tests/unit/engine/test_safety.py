"""Tests of congress.engine.lang.safety."""

from tests.unit.engine.case import EngineCase


class SafetyTest(EngineCase):
    def test_unsafe_bodies(self) -> None:
        texts = (
            "a(x) :- not b(x)",
            "a(x) :- b(x), not c(y), not d(y)",
            "a(x) :- builtin:equal(x, 1)",
            "a(x) :- true(x)",
            "a(x, sum<y>) :- b(y), true(x)",
            "a(x) :- b(x), builtin:lt(x, y)",
            "a(x) :- b(x), builtin:lt(x, _)",
            "a(x) :- b(x), not builtin:plus(x, 1, y)",
            "a(x) :- b(x), not builtin:plus(x, 1, _)",
            "a(y) :- b(x), builtin:plus(x, z, y), builtin:plus(y, 1, z)",
        )
        for text in texts:
            with self.subTest(text=text):
                self.assertIn("unsafe", self.refused(text))

    def test_safe_bodies(self) -> None:
        texts = (
            "a1(x) :- b(x), not c(x, y)",
            "a2(x) :- builtin:gt(y, 1), builtin:plus(x, 1, y), b(x)",
            "a3(x) :- b(x), not c(w, w)",
            "a4(x) :- b(x), builtin:plus(x, 1, _)",
            "a5(y) :- builtin:plus(1, 2, y)",
            "a6(1) :- not b(_)",
            "a7(x) :- b(x), not now(x)",
        )
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(self.insert(text).accepted, 1)

    def test_every_stuck_literal_is_reported(self) -> None:
        text = "a(x) :- b(x), builtin:lt(y, 1), builtin:lt(z, 1)"
        self.assertEqual(self.refused(text), ["unsafe", "unsafe"])
