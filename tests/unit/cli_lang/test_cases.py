"""Tests of ``congress lang test``."""

import json
from typing import Any

from tests.unit.cli_lang.case import LangTestCase

POLICY = """
    # congress: given=shop.yaml
    over(o, n) :- shop:stock(o, n), builtin:gt(n, 10), not exempt(o)
    exempt("root")
    execute[mail:warn(o)] :- over(o, n)
    """
GIVEN = "- schema: {policy: shop, tables: {stock: [owner, number]}}"


class TestsTestCase(LangTestCase):
    """A policy, and files of tests for it."""

    def setUp(self) -> None:
        super().setUp()
        self.write("p.rules", POLICY)
        self.write("shop.yaml", GIVEN)

    def file(self, tests: object, name: str = "t.yaml", **members: object) -> str:
        """A file of tests of the policy; JSON is YAML."""
        document = {"policies": ["p.rules"], "tests": tests} | members
        return self.write(name, json.dumps(document))

    def run_file(self, *tests: object, options: str = "", **members: object) -> dict[str, Any]:
        name = self.file(tests, **members)
        code, out, err = self.lang("test", name, "--json", *options.split())
        found: dict[str, Any] = json.loads(out)
        self.assertEqual(int(bool(found["failed"])), code, err)
        return found


class CasesTest(TestsTestCase):
    def problems(self, *expect: object, **more: object) -> list[str]:
        """What is wrong with the outcome of one test."""
        case = {"name": "one", "expect": expect} | more
        found = self.run_file(case)
        self.assertEqual(["one"], [test["name"] for test in found["tests"]])
        problems: list[str] = found["tests"][0]["problems"]
        return problems

    def test_rows_and_actions(self) -> None:
        given = [stock(["a", 20], ["b", 5], ["root", 30])]
        self.assertEqual(
            [],
            self.problems(
                {"query": "over(o, n)", "rows": ['over("a", 20.0)']},
                {"query": {"policy": "shop", "text": 'stock("b", n)'}, "rows": ['stock("b", 5)']},
                {"actions": ['mail:warn("a")']},
                given=given,
            ),
        )

    def test_what_happens_then(self) -> None:
        update = {"policy": "shop", "table": "stock", "add": [["b", 11]], "remove": [["a", 20]]}
        self.assertEqual(
            [],
            self.problems(
                {"query": "over(o, n)", "rows": ['over("b", 11)']},
                {"actions": ['mail:warn("b")']},
                given=[stock(["a", 20])],
                when=[{"update": update}],
            ),
        )

    def test_what_would_be(self) -> None:
        simulation = {
            "policy": "p",
            "query": "over(o, n)",
            "sequence": 'exempt+("a")',
            "action_policy": "p",
        }
        given = [stock(["a", 20], ["b", 11])]
        expected = {"simulate": simulation, "rows": ['over("b", 11)']}
        self.assertEqual([], self.problems(expected, given=given))
        delta = {"simulate": simulation | {"delta": True}, "rows": ['over-("a", 20)']}
        self.assertEqual([], self.problems(delta, given=given))

    def test_the_time(self) -> None:
        self.write("p.rules", "late(t) :- builtin:now(t), builtin:gt(t, '2026')")
        steps = [{"now": "2026-02-03 00:00:00"}]
        rows = ['late("2026-02-03 00:00:00")']
        self.assertEqual([], self.problems({"query": "late(t)", "rows": rows}, when=steps))

    def test_differences_are_told(self) -> None:
        expect = {"query": "over(o, n)", "rows": ['over("b", 20)', 'over("c", 1)']}
        given = [stock(["a", 20])]
        self.assertEqual(
            [
                'query over(o, n): missing over("b", 20), over("c", 1)',
                'query over(o, n): unexpected over("a", 20)',
                'actions: unexpected mail:warn("a")',
            ],
            self.problems(expect, {"actions": []}, given=given),
        )

    def test_a_table_that_nobody_knows_is_no_table_without_rows(self) -> None:
        for text, expected in {
            "over(o, n)": [],
            "shop:stock(o, n)": [],
            "execute[mail:warn(o)]": [],
            "h(o) :- over(o, n)": [],
            "builtin:lt(2, 1)": [],
            "ovre(o)": ["query ovre(o): nothing defines or reads p:ovre"],
            "shop:stoc(o)": ["query shop:stoc(o): nothing defines or reads shop:stoc"],
            "no:stock(o)": ["query no:stock(o): nothing defines or reads no:stock"],
        }.items():
            with self.subTest(text=text):
                self.assertEqual(expected, self.problems({"query": text, "rows": []}))

    def test_tests_share_nothing(self) -> None:
        nothing = {"name": "second", "expect": [{"query": "over(o, n)", "rows": []}]}
        first = {"name": "first", "given": [stock(["a", 20])], "expect": []}
        self.assertEqual(2, self.run_file(first, nothing)["passed"])

    def test_what_is_given_to_all_and_in_a_file(self) -> None:
        self.write("more.yaml", json.dumps([stock(["a", 20])]))
        self.write("q.rules", "copy(o) :- p:over(o, _)")
        case = {"name": "one", "given": "more.yaml"}
        case["expect"] = [{"query": {"policy": "q", "text": "copy(o)"}, "rows": ['copy("a")']}]
        mail = [{"policy": {"name": "mail", "kind": "datasource"}}]
        found = self.run_file(case, policies=["p.rules", "q.rules"], given=mail)
        self.assertEqual((1, 0), (found["passed"], found["failed"]))

    def test_what_goes_wrong_fails_its_test_alone(self) -> None:
        cases: list[tuple[object, str]] = [
            ({"query": "over(o)", "actions": []}, "none of the known forms"),
            ({"query": "over(o, n)"}, "none of the known forms"),
            ({"query": "over(", "rows": []}, "expected"),
            ({"query": "over(o, n)", "rows": ["over("]}, "expected"),
        ]
        good = {"name": "good", "expect": []}
        for expect, message in cases:
            with self.subTest(expect=expect):
                found = self.run_file({"name": "bad", "expect": [expect]}, good)
                self.assertEqual((1, 1), (found["passed"], found["failed"]))
                self.assertIn(message, found["tests"][0]["problems"][0])
        bad = {"name": "bad", "expect": [], "when": [{"now": "x"}, {"no": 1}]}
        found = self.run_file(bad, good)
        self.assertIn("(t.yaml, step 2)", found["tests"][0]["problems"][0])

    def test_files_that_cannot_be_used(self) -> None:
        self.file([{"name": "one", "expect": []}])
        self.file([{"name": "one", "expect": []}], "none.yaml", policies=[])
        self.file([], "empty.yaml")
        self.file([{"name": "one", "expects": []}], "unknown.yaml")
        self.file([{"name": "one", "expect": []}], "gone.yaml", policies=["gone.rules"])
        self.write("bad.rules", "a(x) :- b(")
        self.file([{"name": "one", "expect": []}], "bad.yaml", policies=["bad.rules"])
        self.write("kind.rules", "# congress: kind=fast")
        self.file([{"name": "one", "expect": []}], "kind.yaml", policies=["kind.rules"])
        names = [
            "none.yaml",
            "empty.yaml",
            "unknown.yaml",
            "gone.yaml",
            "bad.yaml",
            "kind.yaml",
            "t.yaml",
        ]
        code, out, _err = self.lang("test", *names)
        self.assertEqual(1, code)
        for text in (
            "of policies is empty",
            "of tests is empty",
            "expects",
            "gone.rules: error",
            "bad-kind",
        ):
            self.assertIn(text, out)
        self.assertIn("bad.rules:1:11: error[syntax]", out)
        self.assertTrue(out.endswith("1 passed, 6 failed\n"), out)


class CoverageTest(TestsTestCase):
    def test_what_no_test_has_shown_is_told(self) -> None:
        case = {"name": "one", "given": [stock(["a", 20])], "expect": []}
        out = self.output("test", self.file([case]), "--coverage")
        self.assertEqual(
            [
                "p.rules:2:33: builtin:gt(n, 10) never failed",
                "p.rules:2:56: not exempt(o) never failed",
                "coverage: 6 of 8 points, 75.0 %",
                "1 passed, 0 failed",
            ],
            out.splitlines(),
        )

    def test_states_on_the_way_count(self) -> None:
        steps = [stock(["a", 5]), stock(["root", 20]), stock(["a", 20]), stock()]
        case = {"name": "one", "when": steps, "expect": []}
        self.assertNotIn("coverage", self.run_file(case))
        found = self.run_file(case, options="--coverage")["coverage"]
        self.assertEqual({"percent": 100.0, "points": 8, "missing": []}, found)

    def test_a_threshold(self) -> None:
        name = self.file([{"name": "one", "given": [stock(["a", 20])], "expect": []}])
        self.assertEqual(0, self.lang("test", name, "--fail-under", "75")[0])
        code, out, _err = self.lang("test", name, "--fail-under", "75.1")
        self.assertEqual(1, code)
        self.assertIn("75.0 %", out)

    def test_rules_in_yaml_have_their_places_and_rules_that_wait_count(self) -> None:
        self.write("p.yaml", "name: p\nrules:\n- rule: a(x) :- later(0=x)\n- rule: b(1)\n")
        case = {"name": "one", "expect": []}
        found = self.run_file(case, options="--coverage", policies=["p.yaml"])["coverage"]
        self.assertEqual(0.0, found["percent"])
        places = [(point["line"], point["column"]) for point in found["missing"]]
        self.assertEqual([(3, 9), (3, 17), (3, 17)], places)

    def test_a_policy_in_two_files_of_tests_counts_once(self) -> None:
        one = self.file([{"name": "one", "given": [stock(["a", 20])], "expect": []}], "1.yaml")
        two = self.file([{"name": "two", "given": [stock(["a", 2])], "expect": []}], "2.yaml")
        self.assertIn("7 of 8 points", self.output("test", one, two, "--coverage"))


def stock(*rows: list[object]) -> dict[str, object]:
    """The step that gives the shop its stock."""
    return {"replace": {"policy": "shop", "tables": {"stock": list(rows)}}}
