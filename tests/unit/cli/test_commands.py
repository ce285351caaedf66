"""The commands: what they print when all goes well."""

import json
import tempfile
from pathlib import Path
from unittest import mock

from congress.interfaces.storage import LedgerEntry
from congress.model.action import ActionState, DesiredAction, action_id
from congress.model.status import Health, State
from tests.api.fake_datasources import FakeSource
from tests.api.fake_library import FakeLibrary
from tests.unit.cli.case import CliTestCase


class PolicyCommandTest(CliTestCase):
    def test_policies(self) -> None:
        made = json.loads(self.output("policy", "create", "p", "--kind", "action", "-f", "json"))
        self.assertEqual(("p", "action", "user"), (made["name"], made["kind"], made["owner_id"]))
        listed = json.loads(self.output("policy", "list", "-f", "json"))
        self.assertIn("p", [policy["name"] for policy in listed])
        self.assertIn(made["id"], self.output("policy", "show", "p"))
        self.assertEqual("", self.output("policy", "delete", "p"))
        self.refused(404, "GET", "/v1/policies/p")

    def test_formats(self) -> None:
        for form in ("table", "json", "yaml", "csv", "value"):
            with self.subTest(form=form):
                self.assertIn("classification", self.output("policy", "list", "-f", form))

    def test_from_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "p.yaml")
            path.write_text("name: p\nrules:\n- rule: p(1)\n- rule: q(x) :- p(x)\n")
            self.assertIn("q(x) :- p(x)", self.output("policy", "create-from-file", str(path)))
        self.assertEqual(2, len(self.get("/v1/policies/p/rules")["results"]))

    def test_rules_under_both_names(self) -> None:
        for prefix in (("policy", "rule"), ("rule",)):
            with self.subTest(prefix=prefix):
                made = json.loads(
                    self.output(
                        *prefix,
                        *("create", "classification", "p(1)", "--name", "n"),
                        *("--comment", "c", "-f", "json"),
                    )
                )
                self.assertEqual(("n", "c"), (made["name"], made["comment"]))
                self.assertIn("p(1)", self.output(*prefix, "list", "classification"))
                self.assertIn(made["id"], self.output(*prefix, "show", "classification", "n"))
                self.output(*prefix, "delete", "classification", made["id"])
        self.assertEqual([], self.get("/v1/policies/classification/rules")["results"])

    def test_tables_and_rows_under_both_names(self) -> None:
        self.behind.engine.rows["classification", "error"] = [["vm1", True], ["vm2", None]]
        for prefix in (("policy",), ()):
            with self.subTest(prefix=prefix):
                self.assertIn("error", self.output(*prefix, "table", "list", "classification"))
                shown = self.output(*prefix, "table", "show", "classification", "error")
                self.assertIn("error", shown)
                rows = (*prefix, "row", "list", "classification", "error")
                printed = self.output(*rows)
                self.assertIn("Col0", printed)
                self.assertIn("true", printed)
                self.assertIn("null", printed)
                values = json.loads(self.output(*rows, "-f", "json", "--limit", "1"))
                self.assertEqual([{"Col0": "vm1", "Col1": True}], values)
        code, _out, err = self.run_command(*rows, "--trace")
        self.assertEqual(0, code)
        self.assertIn("Call: error", err)

    def test_texts_of_others_do_not_command_the_terminal(self) -> None:
        hostile = "\x1b[31mred\r\x9b2J\u202e"
        self.behind.engine.rows["classification", "t"] = [[hostile, "é\tü"]]
        rows = ("row", "list", "classification", "t")
        printed = self.output(*rows)
        self.assertIn(r"\x1b[31mred\r\x9b2J\u202e", printed)
        self.assertNotRegex(printed, "[\x1b\r\x9b\u202e]")
        self.assertIn("é", printed)
        self.assertEqual(hostile, json.loads(self.output(*rows, "-f", "json"))[0]["Col0"])

    def test_rows_without_known_columns_get_titles(self) -> None:
        self.behind.engine.rows["classification", "t"] = [[1, 2, 3]]
        self.assertIn("Col2", self.output("row", "list", "classification", "t"))
        self.behind.engine.rows["classification", "t"] = []
        self.output("row", "list", "classification", "t")

    def test_lists_in_part(self) -> None:
        self.cloud()
        self.output("policy", "create", "p", "--kind", "action")
        for line, expected in (
            ("policy list --where kind=action", ["action", "p"]),
            ("policy list --where kind=action --where name=p", ["p"]),
            ("datasource list --where name=nosuch", []),
            ("driver list --where id=cloud --limit 1", ["cloud"]),
        ):
            with self.subTest(line=line):
                found = json.loads(self.output(*line.split(), "-f", "json"))
                names = [one.get("name", one["id"]) for one in found]
                self.assertEqual(expected, sorted(names))
        self.assertEqual(
            1, len(json.loads(self.output("policy", "list", "--limit", "1", "-f", "json")))
        )
        self.behind.engine.rows["classification", "error"] = [["vm1", 3], ["vm2", 4]]
        rows = ("row", "list", "classification", "error", "--where", "Col0=vm2", "-f", "json")
        self.assertEqual(["vm2"], [row["Col0"] for row in json.loads(self.output(*rows))])

    def test_schemas_of_policies(self) -> None:
        self.behind.engine.rows["classification", "error"] = [["vm1", True]]
        self.assertIn("error", self.output("policy", "schema", "show", "classification"))
        shown = self.output("policy", "table", "schema", "show", "classification", "error")
        self.assertIn("name", shown)

    def test_simulation(self) -> None:
        args = ("policy", "simulate", "classification", "p(x)", "q+(1)", "action")
        self.assertEqual("p(1)\n", self.output(*args))
        self.assertEqual("p+(1)\n", self.output(*args, "--delta"))
        self.assertIn("RT", self.output(*args, "--trace"))

    def test_explanation_under_both_names(self) -> None:
        for prefix in (("policy",), ()):
            with self.subTest(prefix=prefix):
                args = (*prefix, "explain", "classification", "p(x)", "--depth", "5")
                self.assertEqual("p(x) holds, because\n  \\u202ep(1)\n", self.output(*args))
                self.assertEqual(5, self.behind.engine.bounds["depth"])
                found = json.loads(self.output(*args, "--json"))
                self.assertEqual("p(x)", found["atom"])
                self.assertNotIn("text", found)

    def test_simulation_has_a_short_name(self) -> None:
        args = ("simulate", "classification", "p(x)", "q+(1)", "action")
        self.assertEqual("p(1)\n", self.output(*args))

    def test_execution(self) -> None:
        source = self.cloud()
        self.output("policy", "execute", "p", "cloud1:stop", "--arg", "vm1", "--named", "n=3")
        expected = {"positional": ["vm1"], "named": {"n": 3}}
        self.assertEqual([("stop", expected, False)], source.executed)
        printed = self.output("datasource", "execute", "cloud1", "pause", "--arg", "7", "--wait")
        self.assertEqual("done", json.loads(printed)["state"])


class LibraryCommandTest(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.file = Path(holder.name, "audit.yaml")
        self.file.write_text("name: audit\nrules:\n- rule: p(1)\n")

    def test_from_a_file_to_a_policy(self) -> None:
        self.assertIn("p(1)", self.output("library", "create", str(self.file)))
        self.assertIn("audit", self.output("library", "list"))
        self.assertIn("p(1)", self.output("library", "show", "audit"))
        made = json.loads(self.output("library", "activate", "audit", "-f", "json"))
        self.assertEqual(made["id"], self.get("/v1/policies/audit")["id"])

    def test_changes(self) -> None:
        self.output("library", "create", str(self.file))
        self.file.write_text("name: review\nrules:\n- rule: q(2)\n")
        self.assertIn("q(2)", self.output("library", "replace", "audit", str(self.file)))
        update = ("library", "update", "review", "--name", "other", "--description", "d")
        shown = json.loads(self.output(*update, *("--abbreviation", "oth", "-f", "json")))
        self.assertEqual(
            ("other", "d", "oth", "nonrecursive", "q(2)"),
            tuple(shown[k] for k in ("name", "description", "abbreviation", "kind", "rules")),
        )
        self.output("library", "delete", "other")
        self.assertEqual("", self.output("library", "list", "-f", "value"))

    def test_rules_that_wait(self) -> None:
        self.file.write_text("name: later\nrules:\n- rule: p(x) :- parked(x=x)\n")
        self.output("library", "create", str(self.file))
        self.output("library", "activate", "later", "--allow-parked")
        self.get("/v1/policies/later")

    def test_loading(self) -> None:
        self.assertIn(
            "HostChecks,added", self.output("library", "load", "-f", "csv").replace('"', "")
        )
        problem = {"code": "invalid", "severity": "error", "message": "no", "where": "a.yaml"}
        with mock.patch.object(
            FakeLibrary, "library_load", lambda *_, **__: {"problems": [problem]}
        ):
            code, _out, err = self.run_command("library", "load")
        self.assertEqual(0, code)
        self.assertIn("error[invalid]: no (a.yaml)", err)


class DatasourceCommandTest(CliTestCase):
    def test_data_sources(self) -> None:
        made = json.loads(
            self.output(
                *("datasource", "create", "cloud", "c", "--description", "d"),
                *("--config", "url=http://x?a=b", "--config", "password=s3", "-f", "json"),
            )
        )
        self.assertEqual({"url": "http://x?a=b", "password": "<hidden>"}, made["config"])
        self.assertIn("password=<hidden>", self.output("datasource", "list"))
        self.assertIn(made["id"], self.output("datasource", "show", "c"))
        self.assertIn("initialized", self.output("datasource", "status", "show", "c"))
        self.assertIn("pause", self.output("datasource", "actions", "show", "c"))
        self.output("datasource", "request-refresh", "c")
        self.output("datasource", "delete", "c")
        self.refused(404, "GET", "/v1/data-sources/c")

    def test_a_data_source_is_changed_in_part(self) -> None:
        self.cloud()
        update = ("datasource", "update", "cloud1", "-f", "json")
        shown = json.loads(self.output(*update, "--config", "url=http://y", "--disable"))
        self.assertEqual({"url": "http://y", "password": "<hidden>"}, shown["config"])
        self.assertFalse(shown["enabled"])
        shown = json.loads(self.output(*update, "--unset", "url", "--description", "d"))
        self.assertEqual((None, "d"), (shown["config"].get("url"), shown["description"]))
        self.assertFalse(shown["enabled"])
        self.assertTrue(json.loads(self.output(*update, "--enable"))["enabled"])

    def test_a_data_source_is_replaced(self) -> None:
        self.cloud()
        replace = ("datasource", "replace", "cloud1", "--config", "url=http://z", "-f", "json")
        self.assertEqual({"url": "http://z"}, json.loads(self.output(*replace))["config"])

    def test_rows_are_put_and_taken_out(self) -> None:
        source = self.cloud()
        rows = ("datasource", "row")
        self.output(*rows, "update", "cloud1", "pushed", '[["a", 1], ["b", 2]]')
        self.output(*rows, "put", "cloud1", "pushed", "-", stdin='[["c", 3]]')
        self.assertEqual([["a", 1], ["b", 2], ["c", 3]], sorted(source.tables_held["pushed"]))
        self.output(*rows, "delete", "cloud1", "pushed", '[["a", 1]]')
        change = ("--put", '[["d", 4]]', "--delete", '[["b", 2]]')
        self.output(*rows, "change", "cloud1", "pushed", *change)
        self.assertEqual([["c", 3], ["d", 4]], sorted(source.tables_held["pushed"]))

    def test_no_configuration_is_sent_as_null(self) -> None:
        self.output("datasource", "create", "cloud", "c")
        [call] = [args for _, method, args in self.behind.bus.calls if method.endswith("_create")]
        self.assertIsNone(call["config"])

    def test_tables_and_rows(self) -> None:
        source = self.cloud()
        self.assertIn("servers", self.output("datasource", "schema", "show", "cloud1"))
        self.assertIn("pushed", self.output("datasource", "table", "list", "cloud1"))
        self.assertIn("pushed", self.output("datasource", "table", "show", "cloud1", "pushed"))
        columns = self.output("datasource", "table", "schema", "show", "cloud1", "servers")
        self.assertIn("size", columns)
        rows = json.loads(
            self.output("datasource", "row", "list", "cloud1", "servers", "-f", "json")
        )
        self.assertEqual([{"id": "a", "size": 1}], rows)
        update = ("datasource", "row", "update", "cloud1", "pushed")
        self.output(*update, '[["a", 1]]')
        self.assertEqual([["a", 1]], source.tables_held["pushed"])
        self.output(*update, "-", stdin="[]")
        self.assertEqual([], source.tables_held["pushed"])

    def test_notifications(self) -> None:
        self.cloud()
        self.output("datasource", "webhook", "send", "cloud1", '{"event": 1}')
        called = [method for _, method, _ in self.behind.bus.calls]
        self.assertIn("webhook", called)

    def test_health(self) -> None:
        shown = json.loads(self.output("health", "show", "-f", "json"))
        self.assertEqual({"status": "ok", "services": {}}, shown)
        self.healths["policy-engine"] = Health(State.NOT_READY)
        shown = json.loads(self.output("health", "show", "-f", "json"))
        self.assertEqual("not_ready", shown["status"])
        self.assertEqual({"policy-engine": "not_ready"}, shown["services"])

    def test_drivers_and_versions(self) -> None:
        self.assertIn("an imaginary cloud", self.output("driver", "list"))
        shown = self.output("driver", "config", "show", "cloud")
        self.assertIn("password=(optional), url=required", shown)
        self.assertIn("id: the id", self.output("driver", "schema", "show", "cloud"))
        self.assertIn("CURRENT", self.output("version", "list"))

    def test_the_audit_trail(self) -> None:
        self.run_command("rule", "delete", "nosuch", "1")
        args = ("audit", "list", "--kind", "policy:rule:delete", "--since", "2020-01-01")
        (found,) = json.loads(self.output(*args, "--limit", "5", "--long", "-f", "json"))
        self.assertEqual("refused", found["outcome"])
        self.assertEqual(
            [], json.loads(self.output("audit", "list", "--marker", str(found["id"]), "-f", "json"))
        )

    def test_the_ledger(self) -> None:
        args = ("ledger", "list", "--state", "done", "--state", "failed", "--limit", "5")
        self.assertEqual([], json.loads(self.output(*args, "--long", "-f", "json")))

    def test_decisions_about_the_ledger(self) -> None:
        self.output("datasource", "create", "cloud", "cloud1")
        source: FakeSource = self.behind.bus.services["datasource/cloud1"]
        desired = DesiredAction("p", "r", "cloud1", "pause", ("vm1",))
        entry = LedgerEntry(desired.key, desired, 1, True, ActionState.IN_DOUBT)
        self.behind.storage.run(lambda tx: tx.ledger.put(entry, None))
        number = action_id(desired.key, 1)
        for words, decision in (("mark done", "mark-done"), ("retry", "retry")):
            shown = json.loads(self.output("ledger", *words.split(), number, "-f", "json"))
            self.assertEqual(number, shown["id"])
            self.assertEqual(decision, source.decided[-1][2])
        code, _out, err = self.run_command("ledger", "cancel", number)
        self.assertEqual(1, code)
        self.assertIn("cancel is for an action that is new or held", err)


class PluginCommandTest(CliTestCase):
    def test_plugins_are_listed_without_a_server(self) -> None:
        listed = json.loads(self.output("plugin", "list", "-f", "json"))
        self.assertIn(("auth", "noauth"), [(entry["kind"], entry["name"]) for entry in listed])
        self.assertEqual([], self.transport.sent)
        long = json.loads(self.output("plugin", "list", "auth", "--long", "-f", "json"))
        self.assertEqual({"keystone", "noauth"}, {entry["name"] for entry in long})
        self.assertTrue(all(entry["summary"] for entry in long))
        _code, _out, err = self.run_command("plugin", "list", "storage", "--long")
        self.assertEqual("", err)

    def test_a_plugin_is_shown_with_its_options(self) -> None:
        shown = self.output("plugin", "show", "auth", "noauth")
        self.assertIn("allow_remote (boolean, node, default False)", shown)

    def test_unknown_ones(self) -> None:
        for args in (("list", "nosuch"), ("show", "auth", "nosuch"), ("show", "nosuch", "x")):
            code, _out, err = self.run_command("plugin", *args)
            self.assertEqual(1, code)
            self.assertIn("nosuch", err)
