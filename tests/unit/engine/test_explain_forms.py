"""Tests of congress.engine.explain.text and congress.engine.explain.plain."""

import json
from dataclasses import replace

from congress.engine import (
    Bounds,
    Explanation,
    Standing,
    explanation_to_plain,
    explanation_to_text,
)
from tests.unit.engine.case import EngineCase

PRESENT = """
error("vm1") holds, because
  error("vm1")
    by rule r1: error(x) :- s:servers(x, o), not ok(o), builtin:lt(1, 2)
      s:servers("vm1", "bob"): a row of s, 12 s old
      not ok("bob")
        rule: ok(o) :- s:users(o, e), good(e)
          s:users("bob", 5): a row of s
          missing: good(5)
          nothing else is missing
      builtin:lt(1, 2)
s:servers is stale: it was not read when it was due
"""
ABSENT = """
error("vm2") does not hold
  rule r1: error(x) :- s:servers(x, o), not ok(o), builtin:lt(1, 2)
    s:servers("vm2", "al"): a row of s, 12 s old
    in the way: ok("al")
      by rule: ok(o) :- s:users(o, e), good(e)
        s:users("al", 1): a row of s
        good(1): stated in p (g1)
    nothing else is missing
s:servers is stale: it was not read when it was due
"""


class FormCase(EngineCase):
    def setUp(self) -> None:
        super().setUp()
        self.source(servers="id owner", users="id grade")
        self.insert("error(x) :- s:servers(x, o), not ok(o), builtin:lt(1, 2)", rule_id="r1")
        self.insert("ok(o) :- s:users(o, e), good(e)")
        self.insert("good(1)", rule_id="g1")
        self.update("servers", [("vm1", "bob"), ("vm2", "al")], policy="s")
        self.update("users", [("bob", 5), ("al", 1)], policy="s")

    def explain(self, text: str, policy: str = "p", **bounds: int) -> Explanation:
        found = self.engine.explain(policy, text, bounds=Bounds(**bounds))
        standing = Standing(12.2, complete=True, stale=True)
        return replace(found, standings={("s", "servers"): standing})

    def text(self, text: str, policy: str = "p", **bounds: int) -> str:
        return explanation_to_text(self.explain(text, policy, **bounds))


class TextTest(FormCase):
    maxDiff = None

    def test_present(self) -> None:
        self.assertEqual(self.text('error("vm1")'), PRESENT.strip())

    def test_absent(self) -> None:
        self.assertEqual(self.text('error("vm2")'), ABSENT.strip())

    def test_another_policy_asks(self) -> None:
        text = self.text('p:error("vm1")', "g")
        self.assertIn('\n  p:error("vm1")\n    by rule r1 of p: error(x)', text)

    def test_each_obstacle_reads_as_what_it_is(self) -> None:
        self.insert(
            'b(1, "x") b(2, 3) c(x) :- b(x, y), builtin:plus(y, 1, z)  d(x, 1) :- b(x, _) '
            " e(x) :- b(x, _), not builtin:gt(x, 0)  f(x, s) :- b(x, y), builtin:plus(x, 1, s)"
            " h(x, count<y>) :- b(x, y)  i(sum<y>) :- b(_, y)  j(x) :- b(x, y), false"
        )
        cases = {
            "c(1)": 'builtin:plus("x", 1, z) has no answer: ',
            "d(1, 2)": "column 1 of its head is 1, not 2",
            "e(1)": "fails: not builtin:gt(1, 0)",
            "f(1, 7)": "fails: builtin:plus(1, 1, 7); it is builtin:plus(1, 1, 2)",
            "h(1, 7)": "its group gives (1, 1)",
            "i(7)": "the group has no result: the values are not all numbers",
            "j(1)": "false never holds",
        }
        for atom, line in cases.items():
            with self.subTest(atom=atom):
                self.assertIn(line, self.text(atom))

    def test_what_is_left_out_is_said(self) -> None:
        self.insert("n(1) n(2) n(3) m(x) :- n(x)  m(x) :- n(x), n(_)  o(count<x>) :- n(x)")
        self.insert("q(x) :- n(x), not n(_)  k(x) :- m(x), m(x)")
        text = self.text("m(x)", limit=1, alternatives=1)
        self.assertIn("and in other ways", text)
        self.assertIn("and 2 more rows", text)
        text = self.text("o(x)", examples=1)
        self.assertIn("over 3 joined rows:\n        n(1): stated in p\n        and 2 more", text)
        self.assertIn("and 2 more in the way", self.text("q(1)", examples=1))
        self.assertIn("m(1): explained elsewhere here", self.text("k(1)"))
        self.assertIn("and other rules fail", self.text("m(7)", alternatives=1))
        text = self.text("k(1)", depth=0)
        self.assertIn("m(1): not followed: too deep", text)
        self.assertTrue(text.endswith("ask for what was not followed, or allow more."), text)

    def test_verdicts(self) -> None:
        self.source("c", closed=True, t="id:integer")
        self.assertIn("can never hold: column 'id' takes a", self.text('c:t("x")'))
        self.assertEqual(self.text("z(1)"), "z(1) does not hold: no rule and no row gives it")
        self.insert("z(x) :- later:t(id=x)")
        self.assertIn("rule: z(x) :- later:t(id=x) is parked: ", self.text("z(1)"))

    def test_standings(self) -> None:
        found = self.engine.explain("p", 's:servers("vm1", x)')
        for standing, words in (
            (Standing(None), "a row of s, of unknown age"),
            (Standing(3.0, complete=False), "s:servers has not been read completely"),
        ):
            text = explanation_to_text(replace(found, standings={("s", "servers"): standing}))
            self.assertIn(words, text)

    def test_actions(self) -> None:
        self.insert("execute[n:stop(x)] :- error(x)")
        self.assertIn('\n  execute[n:stop("vm1")]\n    by rule', self.text("execute[n:stop(x)]"))
        self.assertIn('execute[n:stop("vm2")] does not', self.text('execute[n:stop("vm2")]'))


class PlainTest(FormCase):
    maxDiff = None

    def test_present(self) -> None:
        plain = explanation_to_plain(self.explain('s:servers("vm1", x)'))
        known = {"age": 12.2, "complete": True, "stale": True}
        fact = {
            "kind": "fact",
            "table": "s:servers",
            "row": ["vm1", "bob"],
            "given": {"datasource": "s", **known},
        }
        expected = {
            "policy": "p",
            "atom": 's:servers("vm1", x)',
            "holds": True,
            "size": 1,
            "why": [fact],
            "why_not": None,
            "sources": [{"table": "s:servers", **known}],
            "cut": [],
        }
        self.assertEqual(plain, expected)

    def test_absent(self) -> None:
        plain = explanation_to_plain(self.explain('error("vm2")'))
        (attempt,) = plain["why_not"]["attempts"]
        self.assertEqual(attempt["rule"]["id"], "r1")
        self.assertEqual((attempt["failing"], attempt["positions"]), (1, [0]))
        self.assertTrue(attempt["sufficient"])
        self.assertEqual(attempt["obstacle"]["kind"], "hindrance")
        (fact,) = attempt["obstacle"]["facts"]
        good = fact["derivations"][0]["steps"][1]
        self.assertEqual(good["given"], {"policy": "p", "statements": ["g1"]})

    def test_everything_is_json_and_says_its_kind(self) -> None:
        self.insert(
            "b(1, true) b(2, null) c(x) :- b(x, y), builtin:plus(y, 1, z)  d(x, 1) :- b(x, _) "
            " h(x, count<y>) :- b(x, y)  j(x) :- b(x, y), not h(x, 1)  k(x) :- later:t(id=x)"
        )
        atoms = ("c(1)", "d(1, 2)", "h(1, 1)", "h(1, 7)", "j(1)", "k(1)", "b(x, y)", "d(1, 1)")
        kinds: set[str] = set()
        for atom in atoms:
            plain = explanation_to_plain(self.explain(atom))
            self.assertEqual(json.loads(json.dumps(plain)), plain)
            collect(plain, kinds)
        expected = {"fact", "derivation", "absence", "attempt", "refutation", "head-differs"}
        self.assertLessEqual(expected | {"other-result", "hindrance"}, kinds)


def collect(thing: object, kinds: set[str]) -> None:
    """The kinds of all nodes of a JSON value."""
    if isinstance(thing, dict):
        kinds.add(thing.get("kind", ""))
        for each in thing.values():
            collect(each, kinds)
    elif isinstance(thing, list):
        for each in thing:
            collect(each, kinds)
