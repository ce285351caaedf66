"""Tests of congress.engine.run.question and congress.engine.run.query."""

from congress.model.diagnostic import Refused
from tests.unit.engine.case import EngineCase


class QueryTest(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.source(gauge="id site level")
        self.update("gauge", [("g1", "north", 4), ("g2", "south", 9)], policy="s")
        self.insert('cost("a", 2) cost("b", 5) link(1, 2) link(2, 2)')

    def refusal(self, text: str, policy: str = "p") -> str:
        with self.assertRaises(Refused) as caught:
            self.engine.query(policy, text)
        return caught.exception.code

    def test_atoms(self) -> None:
        self.assertEqual(self.texts("cost(x, 5)"), ['cost("b", 5)'])
        self.assertEqual(self.texts("p:cost(_, 2.0)"), ['p:cost("a", 2.0)'])
        self.assertEqual(self.texts("link(_, _)"), ["link(1, 2)", "link(2, 2)"])
        self.assertEqual(self.texts("link(x, x)"), ["link(2, 2)"])
        self.assertEqual(self.engine.query("p", "cost(x, y)").rows, [("a", 2), ("b", 5)])

    def test_wrong_number_of_arguments_matches_nothing(self) -> None:
        for text in ("cost(x)", "cost(x, y, z)", "cost", "no(x)", "no:where(x)"):
            self.assertEqual(self.texts(text), [])

    def test_column_references(self) -> None:
        answer = ['s:gauge("g2", "south", 9)']
        self.assertEqual(self.texts('s:gauge(site="south")'), answer)
        self.assertEqual(self.texts("s:gauge(x, 2=9)"), answer)
        rule = "big(i) :- s:gauge(0=i, 2=l), builtin:gt(l, 5)"
        self.assertEqual(self.texts(rule), [f'big("g2") :- {answer[0]}, builtin:gt(9, 5)'])
        self.assertEqual(self.refusal("s:gauge(depth=1)"), "column-name")
        self.assertEqual(self.refusal("s:heat(id=1)"), "column-name")
        self.assertEqual(self.refusal("cost(name=1)"), "column-kind")

    def test_rules_answer_with_instances_of_themselves(self) -> None:
        cases = {
            "pick(v) :- builtin:lt(c, 3), cost(v, c)": [
                'pick("a") :- builtin:lt(2, 3), cost("a", 2)'
            ],
            "pick(v, z) :- cost(v, 2)": ['pick("a", z) :- cost("a", 2)'],
            "pick(v) :- cost(v, 2), not link(v, _)": [
                'pick("a") :- cost("a", 2), not link("a", _)'
            ],
            "pick(v) :- cost(v, 2), not s:gauge(id=v)": [
                'pick("a") :- cost("a", 2), not s:gauge(id="a")'
            ],
            "pick(v) :- cost(v, _), true, not false": [
                'pick("a") :- cost("a", 2), true(), not false()',
                'pick("b") :- cost("b", 5), true(), not false()',
            ],
            "pick(v) :- cost(v), cost(v, 2)": ['pick("a") :- cost("a"), cost("a", 2)'],
            "pick(v) :- cost(v, 2), not cost(v, 2, 3)": [
                'pick("a") :- cost("a", 2), not cost("a", 2, 3)'
            ],
        }
        for text, expected in cases.items():
            with self.subTest(text=text):
                self.assertEqual(self.texts(text), expected)

    def test_aggregates_group_as_in_stored_rules(self) -> None:
        self.assertEqual(self.texts("n(count<v>) :- cost(v, _)"), ["n(2) :- cost(v, _)"])
        expected = ["t(1, 2) :- link(1, y)", "t(2, 2) :- link(2, y)"]
        self.assertEqual(self.texts("t(x, sum<y>) :- link(x, y)"), expected)
        self.assertEqual(self.refusal("t(sum<z>) :- link(x, y)"), "head-variable")
        self.assertEqual(self.refusal("t(odd<y>) :- link(x, y)"), "aggregate")

    def test_builtins_and_truth(self) -> None:
        self.assertEqual(self.texts("builtin:plus(1, 2, x)"), ["builtin:plus(1, 2, 3)"])
        self.assertEqual(self.texts("lt(2, 1)"), [])
        self.assertEqual(self.texts("true"), ["true()"])
        self.assertEqual(self.refusal("builtin:plus(1, x, 3)"), "unsafe")
        self.assertEqual(self.refusal("builtin:no(1)"), "unknown-builtin")

    def test_actions_can_be_asked_for(self) -> None:
        self.insert("execute[n:stop(x)] :- cost(x, y), builtin:gt(y, 3)")
        self.assertEqual(self.texts("execute[n:stop(x)]"), ['execute[n:stop("b")]'])
        self.assertEqual(self.texts('execute[n:stop("a")]'), [])
        self.assertEqual(self.texts("execute[n:go(x)]"), [])

    def test_what_is_no_query(self) -> None:
        texts = ("", "a(1) b(1)", "a(x), b(x) :- c(x)", "not a(x) :- c(x)", "insert[a :- b]")
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(self.refusal(text), "shape")
        self.assertEqual(self.refusal("a(x) :- execute[b(x)]"), "modal-body")
        self.assertEqual(self.refusal("a(x) :- b(x), not c(y), not d(y)"), "unsafe")
        self.assertEqual(self.refusal("a(x", "p"), "syntax")
        self.assertEqual(self.refusal("a(x)", "nowhere"), "no-policy")

    def test_limit(self) -> None:
        answers = self.engine.query("p", "cost(x, y)", limit=1)
        self.assertEqual(len(answers.texts), 1)
        self.assertEqual(self.engine.query("p", "cost(x, y)", limit=0).texts, [])

    def test_a_query_fixes_no_columns(self) -> None:
        self.texts("ghost(x, y)")
        self.texts("h(x) :- ghost(x, y)")
        self.assertIsNone(self.engine.arity("p", "ghost"))
