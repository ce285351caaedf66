"""Tests of congress.engine.run.trace."""

from congress.engine import Limits
from congress.engine.live import LiveWorkspace
from congress.engine.run.trace import MOST_LINES
from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase

EXPECTED = """
p     : Call: safe(x)
p     : Note: Trying safe(x) :- host(x), not bad(x)
p     : | Call: host(x)
p     : | Note: Trying host("a")
p     : | Exit: host("a")
p     : | Call: not bad("a")
p     : | | Call: bad("a")
p     : | | Fail: bad("a")
p     : | Exit: not bad("a")
p     : Exit: safe("a")
p     : Redo: safe("a")
p     : | Redo: host("a")
p     : | Fail: host(x)
p     : Fail: safe(x)
p     : Found answer [safe("a")]
"""


class TraceTest(EngineCase):
    def test_events(self) -> None:
        self.insert('host("a") safe(x) :- host(x), not bad(x)')
        self.assertEqual(self.engine.trace("p", "safe(x)"), EXPECTED.strip())

    def test_it_is_of_the_state_that_was_asked(self) -> None:
        self.insert('host("a") safe(x) :- host(x), not bad(x)')
        tell = self.engine.retrace("p", "safe(x)")
        self.insert('bad("a") host("b")')
        self.assertEqual(EXPECTED.strip(), tell())

    def test_no_answer(self) -> None:
        self.assertEqual(
            self.engine.trace("p", "no(x)"), "p     : Call: no(x)\np     : Fail: no(x)"
        )

    def test_builtins_and_their_failures(self) -> None:
        self.insert('q("x") q(1) p(v) :- q(v), builtin:plus(v, 1, w), not builtin:lt(w, 0), true')
        text = self.engine.trace("p", "p(v)")
        self.assertIn("Note: the builtin has no answer", text)
        self.assertIn("Exit: builtin:plus(1, 1, 2)", text)
        self.assertIn("Exit: not builtin:lt(2, 0)", text)
        self.assertIn("Found answer [p(1)]", text)

    def test_recursion_and_aggregates_end(self) -> None:
        self.insert("h(1, 2) r(a, b) :- h(a, b)  r(a, c) :- r(a, b), h(b, c)", "g")
        self.insert("n(count<x>) :- r(x, _)", "g")
        self.assertIn("from the rows that are known", self.engine.trace("g", "r(1, x)"))
        self.assertIn("Found answer [n(1)]", self.engine.trace("g", "n(x)"))

    def test_deep_rules(self) -> None:
        self.insert("t0(1) " + " ".join(f"t{n + 1}(x) :- t{n}(x)" for n in range(500)))
        self.assertIn("Found answer [t500(1)]", self.engine.trace("p", "t500(x)"))

    def test_long_traces_are_cut(self) -> None:
        self.update("b", [(n,) for n in range(80)])
        text = self.engine.trace("p", "c(x, y) :- b(x), b(y)")
        self.assertIn("the trace is cut", text)
        self.assertLessEqual(len(text.splitlines()), MOST_LINES + 2)

    def test_other_policies_actions_and_odd_text(self) -> None:
        self.source("elsewhere", t="id")
        self.update("t", [("100%s {x}",)], policy="elsewhere")
        self.insert("execute[n:f(x)] :- elsewhere:t(x)  a(x) :- elsewhere:t(x)")
        self.assertIn('elsew : | Exit: elsewhere:t("100%s {x}")', self.engine.trace("p", "a(x)"))
        self.assertIn('Exit: execute[n:f("100%s {x}")]', self.engine.trace("p", "execute[n:f(x)]"))

    def test_large_tables_are_looked_up_by_index_and_keep_none(self) -> None:
        self.update("a", [(n, n) for n in range(2000)])
        self.insert("b(x) :- a(x, y), a(y, z), a(z, x)")
        state = self.engine._state
        assert isinstance(state, LiveWorkspace)
        before = set(state.network.nodes["p", "a"].table.indexes)
        self.engine.limits = Limits(steps=20_000)
        self.assertIn("Found answer [b(7)]", self.engine.trace("p", "b(7)"))
        self.assertEqual(set(state.network.nodes["p", "a"].table.indexes), before)

    def test_going_through_rows_takes_time(self) -> None:
        self.update("a", [(n, n + 1) for n in range(5000)])
        with self.assertRaises(Refused) as caught:
            self.engine.trace("p", "a(x, x)", deadline=lambda: True)
        self.assertEqual(caught.exception.code, "budget")
