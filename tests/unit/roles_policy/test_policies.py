"""Creating, showing and deleting policies and rules through the service."""

import json
import operator
from collections.abc import Sequence
from typing import Any
from unittest import mock

from congress.interfaces.role import Epoch, Position
from congress.interfaces.storage import AuditQuery, AuditRecord
from congress.model.builtin import Builtin
from congress.model.diagnostic import Refused
from congress.model.schema import Schema
from congress.roles.selection import Selection
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table


class PolicyTest(PolicyEngineTestCase):
    def names(self) -> list[str]:
        return [policy["name"] for policy in self.call("policy_list")]

    def test_system_policies_exist_and_stay(self) -> None:
        self.assertEqual(["action", "classification"], self.names())
        self.assertEqual("action", self.call("policy_show", policy="action")["kind"])
        for name in self.names():
            self.assertEqual("not-found", self.refused("policy_delete", policy=name))
        self.assertEqual(["action", "classification"], self.names())

    def test_a_policy_has_the_fields_clients_know(self) -> None:
        made = self.call("policy_create", name="vm_audit", kind=None, abbreviation=None)
        self.assertEqual(
            ["id", "name", "owner_id", "description", "abbreviation", "kind"], list(made)
        )
        expected = {
            "id": made["id"],
            "name": "vm_audit",
            "abbreviation": "vm_au",
            "description": "",
            "owner_id": "user",
            "kind": "nonrecursive",
        }
        self.assertEqual(expected, made)
        shown = self.call("policy_show", policy="vm_audit")
        self.assertEqual(list(expected), list(shown))
        self.assertEqual(expected, self.call("policy_show", policy=made["id"]))
        self.assertEqual(expected, self.call("policy_delete", policy=made["id"]))
        self.assertEqual("not-found", self.refused("policy_show", policy="vm_audit"))

    def test_kinds_are_case_insensitive_and_few(self) -> None:
        self.assertEqual("z3", self.call("policy_create", name="a", kind="Z3")["kind"])
        self.assertEqual("datalog", self.call("policy_create", name="b", kind="DATALOG")["kind"])
        for kind in ("database", "materialized", "delta", "datasource", "", 5):
            self.assertEqual("bad-kind", self.refused("policy_create", name="c", kind=kind))

    def test_wrong_forms_are_refused_with_every_reason(self) -> None:
        with self.assertRaises(Refused) as caught:
            self.call("policy_create", name="9a", kind="x", abbreviation="toolong", description=7)
        codes = [diagnostic.code for diagnostic in caught.exception.diagnostics]
        self.assertEqual(["bad-policy-name", "bad-kind", "invalid", "invalid"], codes)
        for name in ("n" * 256, "a-b", "", "not", "builtin", "a:b", "x:y(), z"):
            self.assertEqual("bad-policy-name", self.refused("policy_create", name=name))
        self.assertEqual("invalid", self.refused("policy_create", name=None))
        self.assertEqual("invalid", self.refused("policy_create", name="a", abbreviation=""))
        self.assertEqual(["action", "classification"], self.names())

    def test_names_are_shared_with_datasources(self) -> None:
        self.configure("nova")
        self.call("policy_create", name="p")
        for name in ("p", "nova", "action", "_status"):
            self.assertEqual("duplicate-policy", self.refused("policy_create", name=name))

    def test_policies_of_sources_have_a_status_and_nothing_to_write(self) -> None:
        self.configure("nova")
        self.assertEqual({"name": "nova"}, self.call("policy_status", policy="nova"))
        self.assertEqual({"name": "nova"}, self.call("policy_status", policy="id-nova"))
        self.assertEqual([], self.call("rule_list", policy="nova"))
        self.assertEqual([], self.call("table_list", policy="nova"))
        self.assertEqual("not-found", self.refused("policy_show", policy="nova"))
        self.assertEqual("not-found", self.refused("policy_delete", policy="nova"))
        code = self.refused("rule_create", policy="nova", rule="p(1)")
        self.assertEqual("read-only-policy", code)
        self.assertNotIn("nova", self.names())
        self.deconfigure("nova")
        self.assertEqual("not-found", self.refused("policy_status", policy="nova"))

    def test_the_status_of_a_policy(self) -> None:
        made = self.call("policy_create", name="p")
        expected = {"name": "p", "id": made["id"]}
        self.assertEqual(expected, self.call("policy_status", policy="p"))
        self.assertEqual("not-found", self.refused("policy_status", policy="q"))

    def test_arguments_that_are_no_texts(self) -> None:
        for wrong in (None, 5, ["p"], {"a": 1}):
            self.assertEqual("invalid", self.refused("policy_show", policy=wrong))
            self.assertEqual("invalid", self.refused("rule_list", policy=wrong))
            self.assertEqual("invalid", self.refused("policy_delete", policy=wrong))
            self.assertEqual("invalid", self.refused("rule_create", policy=wrong, rule="p(1)"))
            self.assertEqual("invalid", self.refused("rule_show", policy="action", rule=wrong))


class PolicyWithRulesTest(PolicyEngineTestCase):
    def test_all_rules_come_with_the_policy(self) -> None:
        made = self.call(
            "policy_create",
            name="p",
            rules=[
                {"rule": "big(x) :- size(x, y),\n gone(y)", "name": "r1", "comment": "c"},
                {"rule": 'ok("a")', "name": None, "comment": None},
                {"rule": "big(x) :- gone(y), size(x,y)."},
            ],
        )
        expected = [
            {"rule": "big(x) :-\n  size(x, y),\n  gone(y)", "comment": "c", "name": "r1"},
            {"rule": 'ok("a")', "comment": "", "name": None},
        ]
        self.assertEqual(expected, made["rules"])
        self.assertEqual(2, len(self.call("rule_list", policy="p")))
        self.assertEqual([["a"]], self.rows("p", "ok"))

    def test_an_empty_list_is_not_no_list(self) -> None:
        self.assertEqual([], self.call("policy_create", name="p", rules=[])["rules"])
        self.assertNotIn("rules", self.call("policy_create", name="q"))

    def test_one_bad_rule_refuses_all_and_every_problem_is_told(self) -> None:
        rules = [
            {"rule": "p(1)"},
            {"rule": "p(x)"},
            {"rule": "q(x) :- "},
            {"rule": "r(1) r(2)"},
            {"rule": 7},
            "s(1)",
            {"rule": "t(1)", "comment": "c" * 256},
        ]
        with self.assertRaises(Refused) as caught:
            self.call("policy_create", name="p", rules=rules)
        found = [(d.code, d.where) for d in caught.exception.diagnostics]
        self.assertEqual(
            [
                ("syntax", "rules[2]"),
                ("multiple-statements", "rules[3]"),
                ("invalid", "rules[4].rule"),
                ("invalid", "rules[5]"),
                ("invalid", "rules[6].comment"),
            ],
            found,
        )
        self.assertEqual("not-found", self.refused("policy_show", policy="p"))

    def test_rules_that_do_not_fit_are_named(self) -> None:
        rules = [{"rule": "p(1)"}, {"rule": "p(x)"}, {"rule": "q(x) :- r(y)"}]
        with self.assertRaises(Refused) as caught:
            self.call("policy_create", name="p", rules=rules)
        found = {(d.code, d.where) for d in caught.exception.diagnostics}
        self.assertEqual({("not-ground", "rules[1]"), ("head-variable", "rules[2]")}, found)
        self.assertEqual("not-found", self.refused("policy_show", policy="p"))

    def test_rules_that_do_not_fit_together_are_refused(self) -> None:
        rules = [{"rule": "p(x) :- q(x)"}, {"rule": "q(x) :- p(x)"}]
        self.assertEqual("recursion", self.refused("policy_create", name="p", rules=rules))
        self.call("policy_create", name="p", kind="datalog", rules=rules)


class RuleTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.policy = self.call("policy_create", name="p")["id"]

    def test_creation_answers_the_pretty_form_and_lists_the_original(self) -> None:
        text = "big(x)   :-  size(x,y),\n not small(x)."
        made = self.call("rule_create", policy=self.policy, rule=text, name=None, comment=None)
        self.assertEqual("big(x) :-\n  size(x, y),\n  not small(x)", made["rule"])
        self.assertEqual(["rule", "id", "comment", "name"], list(made))
        self.assertEqual(("", None), (made["comment"], made["name"]))
        listed = {"rule": text, "id": made["id"], "comment": "", "name": None}
        self.assertEqual([listed], self.call("rule_list", policy=self.policy))
        self.assertEqual(listed, self.call("rule_show", policy="p", rule=made["id"]))
        self.assertEqual(listed, self.call("rule_delete", policy=self.policy, rule=made["id"]))
        self.assertEqual([], self.call("rule_list", policy="p"))
        self.assertEqual("not-found", self.refused("rule_delete", policy="p", rule=made["id"]))

    def test_rules_go_by_their_name_too(self) -> None:
        rule = self.rule("p", "a(1)", name="one")
        self.rule("p", "a(2)", name="two")
        self.rule("p", "a(3)", name="two")
        self.assertEqual(rule, self.call("rule_show", policy="p", rule="one")["id"])
        self.assertEqual("conflict", self.refused("rule_show", policy="p", rule="two"))
        self.call("rule_delete", policy="p", rule="one")
        self.assertEqual([[2], [3]], self.rows("p", "a"))

    def test_equivalent_rules_are_refused(self) -> None:
        self.rule("p", "a(x) :- b(x), c(x)")
        self.rule("p", "b(1)")
        for text in ("a(x) :- b(x), c(x)", "a( x ):-c(x),b(x);", "b(1.0)"):
            self.assertEqual("duplicate-rule", self.refused("rule_create", policy="p", rule=text))
        self.rule("action", "b(1)")

    def test_wrong_rules_change_nothing(self) -> None:
        cases = {
            "": "syntax",
            "a(": "syntax",
            "a(1) a(2)": "multiple-statements",
            "a(x)": "not-ground",
            "a(x) :- b(y)": "head-variable",
            "a(x) :- not b(x)": "unsafe",
            "q:a(x) :- b(x)": "qualified-head",
            "a(x) :- a(x)": "recursion",
        }
        revision = self.call("engine_status")["revision"]
        for text, code in cases.items():
            self.assertEqual(code, self.refused("rule_create", policy="p", rule=text), text)
        self.assertEqual([], self.call("rule_list", policy="p"))
        self.assertEqual([], self.call("table_list", policy="p"))
        self.assertEqual(revision, self.call("engine_status")["revision"])

    def test_wrong_forms_change_nothing(self) -> None:
        for args in (
            {"rule": None},
            {"rule": 7},
            {"rule": "a(1)", "name": "n" * 256},
            {"rule": "a(1)", "name": 5},
            {"rule": "a(1)", "comment": "c" * 256},
        ):
            self.assertEqual("invalid", self.refused("rule_create", policy="p", **args))
        self.assertEqual([], self.call("rule_list", policy="p"))
        self.assertEqual("no-policy", self.refused("rule_create", policy="x", rule="a(1)"))
        self.assertEqual("no-policy", self.refused("rule_list", policy="x"))

    def test_rules_go_with_their_policy(self) -> None:
        rule = self.rule("p", "a(1)")
        self.rule("action", "c(x) :- p:a(x)")
        self.assertEqual([[1]], self.rows("action", "c"))
        self.call("policy_delete", policy="p")
        self.assertEqual([], self.rows("action", "c"))
        self.call("policy_create", name="p")
        self.assertEqual([], self.call("rule_list", policy="p"))
        self.assertEqual("not-found", self.refused("rule_show", policy="p", rule=rule))

    def test_the_status_of_rules_but_not_of_facts(self) -> None:
        rule = self.rule("p", "a(x) :- b(x)", name="r")
        fact = self.rule("p", "b(1)")
        expected = {
            "name": "r",
            "id": rule,
            "comment": "",
            "original_str": "a(x) :- b(x)",
            "state": "active",
        }
        self.assertEqual(expected, self.call("rule_status", policy="p", rule=rule))
        self.assertEqual("not-found", self.refused("rule_status", policy="p", rule=fact))
        self.assertEqual("not-found", self.refused("rule_status", policy="p", rule="x"))

    def test_writes_leave_an_audit_record(self) -> None:
        self.rule("p", "a(1)", actor="alice", request_id="req-1")
        records = self.audited()
        self.assertEqual(["policy:rule:create"], [record.verb for record in records])
        self.assertEqual("req-1", records[0].request_id)
        self.assertEqual(self.call("engine_status")["revision"], records[0].revision)
        self.refused("rule_create", policy="p", rule="a(1)", actor="alice")
        self.assertEqual(1, len(self.audited()))

    def audited(self) -> Sequence[AuditRecord]:
        return self.storage.read(lambda tx: tx.audit.list(AuditQuery(actor="alice")))


class UnknownColumnTest(PolicyEngineTestCase):
    RULE = "late(x) :- nova:servers(id=x)"

    def test_columns_of_an_unknown_source_are_refused_unless_told_otherwise(self) -> None:
        code = self.refused("rule_create", policy="action", rule=self.RULE)
        self.assertEqual("column-name", code)
        rule = self.rule("action", self.RULE, allow_parked=True)
        self.assertEqual("parked", self.call("rule_status", policy="action", rule=rule)["state"])
        parked = self.call("engine_status")["parked"]
        self.assertEqual([rule], [entry["id"] for entry in parked])
        self.configure("nova")
        self.publish_source("nova", table("servers", "id", "name"))
        self.assertEqual("active", self.call("rule_status", policy="action", rule=rule)["state"])
        self.assertEqual([], self.call("engine_status")["parked"])

    def test_a_source_that_has_just_begun_is_asked_for_its_columns(self) -> None:
        self.configure("nova")
        self.bus.schemas["nova"] = Schema.of([table("servers", "id", "name")])
        self.bus.sources["nova"] = Position(Epoch(1, "n"), 1)
        rule = self.rule("action", self.RULE)
        self.assertEqual("active", self.call("rule_status", policy="action", rule=rule)["state"])


class TableTest(PolicyEngineTestCase):
    builtins = (Builtin("equal", ("x", "y"), (), operator.eq),)

    def test_tables_are_those_mentioned(self) -> None:
        self.configure("nova")
        self.rule("action", "a(x) :- b(x), nova:servers(x), not builtin:equal(x, 1)")
        self.rule("action", "execute[nova:pause(x)] :- a(x), true")
        self.rule("action", "f(1)")
        self.assertEqual(["a", "b", "f", "nova:servers"], self.call("table_list", policy="action"))
        self.assertEqual({"id": "a"}, self.call("table_show", policy="action", table="a"))
        self.assertEqual("not-found", self.refused("table_show", policy="action", table="c"))
        self.assertEqual("not-found", self.refused("table_list", policy="x"))

    def test_rows_are_sorted_limited_and_explained(self) -> None:
        for value in ("3", "1", '"a"', "true", "null", "2.5"):
            self.rule("action", f"a({value})")
        self.assertEqual([[None], [True], [1], [2.5], [3], ["a"]], self.rows("action", "a"))
        limited = self.call("row_list", policy="action", table="a", limit=2, trace=True)
        self.assertEqual([[None], [True]], limited["rows"])
        self.assertIn("a(", limited["trace"])

    def test_rows_trace_and_explanation_are_of_one_state(self) -> None:
        self.rule("action", "a(1)")
        add_rule, select = self.rule, Selection.of

        def change(*arguments: Any) -> Any:
            add_rule("action", "a(2)")
            return select(*arguments)

        with mock.patch.object(Selection, "of", change):
            told = self.call("row_list", policy="action", table="a", trace=True, explain=True)
        self.assertEqual([[1]], told["rows"])
        self.assertNotIn("a(2)", told["trace"] + str(told["explanation"]))

    def test_tables_without_rows_are_empty_and_unknown_ones_are_refused(self) -> None:
        self.rule("action", "a(x) :- b(x), q:c(x)")
        self.assertEqual([], self.rows("action", "b"))
        self.assertEqual([], self.rows("action", "q:c"))
        for name in ("z", "q:z", "", "a:b:c", "execute[x]"):
            self.assertEqual("not-found", self.refused("row_list", policy="action", table=name))
        with self.assertRaises(Refused) as caught:
            self.call("row_list", policy="action", table="z")
        self.assertIn("congress table list action", caught.exception.diagnostics[0].hint)
        self.assertEqual("not-found", self.refused("row_list", policy="q", table="c"))
        self.assertEqual("invalid", self.refused("row_list", policy="action", table="a", limit=-1))


class ExplanationTest(PolicyEngineTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.configure("nova")
        self.bad = self.rule("action", "bad(x) :- nova:servers(x, s), not fine(s)")
        self.fine = self.rule("action", 'fine("up")')
        self.publish_source("nova", table("servers", "id", "state"))
        self.send_rows("nova", "servers", ("vm1", "down"), ("vm2", "up"))

    def explain(self, query: str, policy: str = "action", **bounds: object) -> Any:
        return self.call("explain", policy=policy, query=query, **bounds)

    def test_why_with_the_age_of_the_source(self) -> None:
        self.clock.advance(7.0)
        found = self.explain('bad("vm1")')
        (derivation,) = found["why"][0]["derivations"]
        self.assertEqual(self.bad, derivation["rule"]["id"])
        given = derivation["steps"][0]["given"]
        self.assertEqual(
            {"datasource": "nova", "age": 7.0, "complete": True, "stale": False}, given
        )
        self.assertEqual(["nova:servers"], [source["table"] for source in found["sources"]])
        self.assertIn('nova:servers("vm1", "down"): a row of nova, 7 s old', found["text"])

    def test_why_not(self) -> None:
        found = self.explain('bad("vm2")')
        (attempt,) = found["why_not"]["attempts"]
        (fact,) = attempt["obstacle"]["facts"]
        self.assertEqual({"policy": "action", "statements": [self.fine]}, fact["given"])

    def test_a_source_that_cannot_be_relied_on(self) -> None:
        self.send_rows("nova", "servers", ("vm1", "down"), stale=True)
        self.assertIn("nova:servers is stale", self.explain('bad("vm9")')["text"])
        self.rule("action", "worse(x) :- cinder:volumes(x)")
        self.assertIn("cinder:volumes has not been read", self.explain("worse(1)")["text"])

    def test_rows_with_their_explanation(self) -> None:
        found = self.call("row_list", policy="action", table="bad", explain=True)
        self.assertEqual([["vm1"]], found["rows"])
        self.assertEqual(1, len(found["explanation"]["why"]))
        found = self.call("row_list", policy="action", table="nova:servers", explain=True)
        self.assertEqual(2, found["explanation"]["size"])
        self.assertNotIn("explanation", self.call("row_list", policy="action", table="bad"))

    def test_bounds(self) -> None:
        self.assertEqual(1, len(self.explain("nova:servers(x, y)", limit=1)["why"]))
        with self.assertRaises(Refused) as caught:
            self.explain("bad(x)", depth=0, nodes=10**9, limit=True, examples="3")
        wheres = [diagnostic.where for diagnostic in caught.exception.diagnostics]
        self.assertEqual(["limit", "depth", "nodes", "examples"], wheres)

    def test_the_deepest_explanation_allowed_can_be_sent(self) -> None:
        self.call("policy_create", name="deep")
        self.rule("deep", "t0(1)")
        for number in range(80):
            self.rule("deep", f"t{number + 1}(x) :- t{number}(x), not u{number}(x)")
            self.rule("deep", f"u{number + 1}(x) :- u{number}(x), t{number}(x)")
        for query in ("t80(1)", "u80(1)"):
            found = self.explain(query, "deep", depth=60, nodes=10_000)
            self.assertEqual(["depth"], found["cut"])
            self.assertEqual(found, json.loads(json.dumps(found)))

    def test_what_cannot_be_explained_is_refused(self) -> None:
        for query, code in ((None, "invalid"), ("bad(", "syntax"), ("a(x) :- bad(x)", "shape")):
            self.assertEqual(code, self.refused("explain", policy="action", query=query))
        self.assertEqual("no-policy", self.refused("explain", policy="x", query="a(1)"))


class SimulationTest(PolicyEngineTestCase):
    def test_a_simulation_changes_nothing(self) -> None:
        policy = self.call("policy_create", name="p")["id"]
        self.rule("p", "bad(x) :- a(x), not ok(x)")
        self.rule("p", "a(1)")
        args = {"query": "bad(x)", "sequence": "a+(2) ok+(1)", "action_policy": "action"}
        answer = self.call("simulate", policy=policy, **args)
        self.assertEqual({"result": ["bad(2)"]}, answer)
        answer = self.call("simulate", policy="p", delta=True, trace=True, **args)
        self.assertEqual({"bad+(2)", "bad-(1)"}, set(answer["result"]))
        self.assertIsInstance(answer["trace"], str)
        self.assertEqual([[1]], self.rows("p", "bad"))

    def test_wrong_simulations_are_refused(self) -> None:
        good = {"policy": "action", "query": "a(x)", "sequence": "", "action_policy": "action"}
        for change, code in (
            ({"policy": "x"}, "no-policy"),
            ({"action_policy": "x"}, "no-policy"),
            ({"query": None}, "invalid"),
            ({"sequence": 5}, "invalid"),
            ({"query": "a("}, "syntax"),
        ):
            self.assertEqual(code, self.refused("simulate", **{**good, **change}))
