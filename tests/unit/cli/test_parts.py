"""Commands for parts of lists, for changes on condition, and for signed notifications."""

import json
import tempfile
from pathlib import Path
from unittest import mock

from tests.api.fake_datasources import WEBHOOK_SECRET
from tests.api.test_lists import LISTS
from tests.unit.cli.case import CliTestCase

ROWS = [["vm1", 3], ["vm2", 4], ["vm3", None]]

#: What lists each list of the API, in the order of ``tests.api.test_lists``.
COMMANDS = {
    "/v1/policies": "policy list",
    "/v1/policies/classification/rules": "policy rule list classification",
    "/v1/policies/classification/tables": "policy table list classification",
    "/v1/policies/classification/tables/error/rows": "policy row list classification error",
    "/v1/data-sources": "datasource list",
    "/v1/data-sources/cloud1/tables": "datasource table list cloud1",
    "/v1/data-sources/cloud1/tables/servers/rows": "datasource row list cloud1 servers",
    "/v1/system/drivers": "driver list",
    "/v1/librarypolicies": "library list",
    "/v1/ledger": "ledger list",
    "/v1/audit": "audit list",
}

#: Shown whole, as the command of old always did.
WHOLE = {"/v1/data-sources/cloud1/actions"}


class PartTest(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud("cloud2")
        self.cloud().tables_held["servers"] = [["vm1", 1], ["vm2", 2]]
        self.behind.engine.rows["classification", "error"] = ROWS
        self.behind.engine.rows["classification", "warning"] = []
        for number in range(3):
            self.post("/v1/policies/classification/rules", {"rule": f"p({number})"})
            self.post("/v1/librarypolicies", {"name": f"l{number}", "rules": []})
            self.refused(404, "DELETE", f"/v1/policies/nosuch{number}")

    def test_every_list_of_the_api_has_its_command(self) -> None:
        self.assertEqual(set(LISTS), set(COMMANDS) | WHOLE)

    def test_how_many_there_are(self) -> None:
        for path, command in COMMANDS.items():
            with self.subTest(command=command):
                many = len(self.get(path)["results"])
                told = self.output(*command.split(), "--count", "-f", "value")
                self.assertEqual(many, int(told))

    def test_pages_make_the_whole(self) -> None:
        for path, command in COMMANDS.items():
            with self.subTest(command=command):
                field = {"rows": "id" if "servers" in path else "Col0"}.get(path[-4:], LISTS[path])
                whole = json.loads(self.output(*command.split(), "-f", "json", "--fields", field))
                seen, marker = [], []
                while marker is not None:
                    words = [*command.split(), "-f", "json", "--limit", "1", *marker]
                    code, out, err = self.run_command(*words, "--fields", field)
                    self.assertEqual(0, code, err)
                    seen += json.loads(out)
                    end = err.strip().partition("There is more: ")[2]
                    marker = end.split() if end else None
                self.assertEqual(whole, seen)

    def test_members_that_are_chosen(self) -> None:
        listed = self.output("policy", "list", "--fields", "kind, name", "-f", "json")
        self.assertEqual({"kind", "name"}, set(json.loads(listed)[0]))
        rows = ("policy", "row", "list", "classification", "error", "-f", "json")
        self.assertEqual([{"Col1": 4}], json.loads(self.output(*rows, "--fields", "Col1"))[1:2])
        with_rules = self.output("library", "list", "--fields", "rules,name", "-f", "json")
        self.assertEqual([], json.loads(with_rules)[0]["rules"])
        code, _, err = self.run_command("policy", "list", "--fields", "nosuch")
        self.assertEqual(1, code)
        self.assertIn("nosuch", err)


class ConditionTest(CliTestCase):
    """What was seen is told by ``show --etag``; a change may depend on it."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.post("/v1/policies", {"name": "p"})
        self.post("/v1/policies/p/rules", {"rule": "q(1)", "name": "n"})
        self.post("/v1/librarypolicies", {"name": "l", "rules": []})
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.file = Path(holder.name, "file.yaml")

    def etag(self, thing: str) -> str:
        noun, *name = thing.split("|")
        shown = json.loads(self.output(*noun.split(), "show", *name, "--etag", "-f", "json"))
        self.assertNotIn('"', shown["etag"])
        return str(shown["etag"])

    def test_changes_of_what_was_seen_and_of_what_was_not(self) -> None:
        for thing, verb in (
            ("policy rule|p|n", "policy rule {} p n"),
            ("policy|p", "policy {} p"),
            ("datasource|cloud1", "datasource {} cloud1"),
            ("library|l", "library {} l"),
        ):
            with self.subTest(thing=thing):
                stale = self.etag(thing)
                option = "--comment" if "rule" in thing else "--description"
                update, delete = [*verb.format("update").split(), option], verb.format("delete")
                self.output(*update, "first", "--if-match", stale)
                for words in ([*update, "second"], delete.split()):
                    code, _, err = self.run_command(*words, "--if-match", stale)
                    self.assertEqual(1, code)
                    self.assertIn("changed since you read it", err)
                self.output(*update, "third", "--if-match", "*")
                self.output(*delete.split(), "--if-match", f'"{self.etag(thing)}"')

    def test_replacements(self) -> None:
        for thing, command, name in (
            ("policy|p", "policy replace p", "p"),
            ("library|l", "library replace l", "l"),
        ):
            with self.subTest(thing=thing):
                self.file.write_text(f"name: {name}\nrules: []\ndescription: new\n")
                stale = self.etag(thing)
                words = [*command.split(), str(self.file), "--if-match", stale]
                self.output(*words)
                self.assertEqual(1, self.run_command(*words)[0])
        stale = self.etag("datasource|cloud1")
        words = [
            "datasource",
            "replace",
            "cloud1",
            "--config",
            "url=http://y",
            "--config",
            "password=x",
        ]
        self.output(*words, "--if-match", stale)
        self.assertEqual(1, self.run_command(*words, "--if-match", stale)[0])
        self.post("/v1/policies/p/rules", {"rule": "q(2)", "name": "m"})
        stale = self.etag("policy rule|p|m")
        self.output("policy", "rule", "replace", "p", "m", "q(3)", "--if-match", stale)
        again = ("policy", "rule", "replace", "p", "m", "q(4)", "--name", "m", "--if-match", stale)
        self.assertEqual(1, self.run_command(*again)[0])


class SignatureTest(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = self.cloud()
        self.words = ("datasource", "webhook", "send", "cloud1", '{"event": "é"}')
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.file = Path(holder.name, "secret")

    def sent(self) -> list[str]:
        """How notifications came: signed or not."""
        calls = self.behind.bus.calls
        return [method for name, method, _ in calls if name == "datasource/cloud1"]

    def test_with_the_secret_of_the_environment(self) -> None:
        with mock.patch.dict("os.environ", {"CONGRESS_WEBHOOK_SECRET": WEBHOOK_SECRET}):
            self.output(*self.words)
        self.assertEqual(["signed_webhook"], self.sent())

    def test_with_the_secret_of_a_file(self) -> None:
        self.file.write_text(WEBHOOK_SECRET + "\n")
        self.output(*self.words, "--secret-file", str(self.file))
        self.assertEqual(["signed_webhook"], self.sent())

    def test_with_another_secret(self) -> None:
        self.file.write_text("another")
        code, _, err = self.run_command(*self.words, "--secret-file", str(self.file))
        self.assertEqual(1, code)
        self.assertIn("the signature is not valid", err)

    def test_with_none(self) -> None:
        self.file.write_text("\n")
        for file, message in (("", "holds no secret"), ("/nosuch", "cannot be read")):
            words = (*self.words, "--secret-file", file or str(self.file))
            code, _, err = self.run_command(*words)
            self.assertEqual(1, code)
            self.assertIn(message, err)
        self.assertEqual([], self.sent())
        self.output(*self.words)
        self.assertEqual(["webhook"], self.sent())
