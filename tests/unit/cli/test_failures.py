"""The commands: what they say, and their exit codes, when something is wrong."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from congress.cli.client import Client, RequestFailed
from congress.cli.main import main
from congress.cli.transports import PlainTransport
from congress.model.diagnostic import Diagnostic, Span
from tests.meta.test_plugins import announced
from tests.ports import deaf_port
from tests.unit.cli.case import CliTestCase, own_logging

#: Commands with something in them that is not known.
UNKNOWN = [
    "policy show nosuch",
    "policy delete nosuch",
    "policy simulate nosuch p(x) q+(1) action",
    "policy simulate classification p(x) q+(1) nosuch",
    "policy explain nosuch p(x)",
    "explain classification p(x) --depth 0",
    "policy execute p nosuch:stop",
    "policy rule create nosuch p(1)",
    "policy update nosuch --kind action",
    "policy replace nosuch {file}",
    "policy status show nosuch",
    "policy rule update classification nosuch --name n",
    "policy rule replace classification nosuch p(1)",
    "policy rule status show classification nosuch",
    "policy rule list nosuch",
    "simulate nosuch p(x) q+(1) action",
    "policy schema show nosuch",
    "policy table schema show classification nosuch",
    "datasource update nosuch --disable",
    "datasource replace nosuch",
    "datasource row put cloud1 nosuch []",
    "datasource row delete cloud1 nosuch []",
    "datasource row change cloud1 nosuch --put [[1]]",
    "watch nosuch error",
    "watch classification nosuch --once",
    "datasource webhook send nosuch {}",
    "policy rule show classification nosuch",
    "policy rule delete classification nosuch",
    "policy table list nosuch",
    "policy table show classification nosuch",
    "policy row list classification nosuch",
    "datasource show nosuch",
    "datasource delete nosuch",
    "datasource request-refresh nosuch",
    "datasource execute nosuch stop",
    "datasource execute cloud1 nosuch",
    "datasource status show nosuch",
    "datasource actions show nosuch",
    "datasource schema show nosuch",
    "datasource table list nosuch",
    "datasource table show cloud1 nosuch",
    "datasource table schema show cloud1 nosuch",
    "datasource row list cloud1 nosuch",
    "datasource row update cloud1 nosuch []",
    "datasource create nosuch d",
    "driver config show nosuch",
    "driver schema show nosuch",
    "ledger list --datasource nosuch",
    "ledger mark done nosuch",
    "ledger retry nosuch",
    "ledger cancel nosuch",
    "library show nosuch",
    "library activate nosuch",
    "library replace nosuch {file}",
    "library update nosuch --kind action",
    "library delete nosuch",
]

#: Commands the server refuses for what they say.
REFUSED = [
    "policy create classification",
    "policy create a-b",
    "policy create p --abbreviation toolong",
    "policy create p --kind database",
    f"policy create {'x' * 256}",
    "policy delete classification",
    "policy rule create classification p(!)",
    "policy rule create classification p(1);p(2)",
    f"policy rule create classification p(1) --comment {'x' * 256}",
    "policy update classification",
    "policy apply {file} --revision 999",
    "datasource webhook send cloud1 5",
    "datasource update cloud1",
    "datasource update cloud1 --config nosuch=1",
    "datasource row put cloud1 servers []",
    "datasource row delete cloud1 servers []",
    "policy row list classification error --limit 0",
    "policy execute p stop",
    "datasource create cloud cloud1",
    "datasource create cloud classification",
    "datasource create cloud d --config nosuch=1",
    "datasource row update cloud1 pushed {}",
    "datasource row update cloud1 servers []",
    "datasource row list cloud1 servers --limit 0",
    "ledger list --limit 0",
    "audit list --since yesterday",
    "library activate shelf",
    "library update shelf",
    "library update shelf --abbreviation toolong",
    "library create {file}",
]

#: Commands that are wrong before any server is asked.
MISUSED = [
    "policy create",
    "policy create p --kind nosuch",
    "policy show",
    "policy rule create classification",
    "policy apply",
    "policy apply x --revision y",
    "datasource webhook send cloud1 {no",
    "datasource update cloud1 --enable --disable",
    "datasource row put cloud1 pushed {no",
    "policy row list classification",
    "row list classification error --limit x",
    "datasource create cloud",
    "datasource create cloud d --config novalue",
    "datasource row update cloud1 pushed {no",
    "datasource execute cloud1 stop --named x",
    "ledger list --state odd",
    "library update shelf --kind odd",
    "policy list --nosuch",
    "nosuch command",
    "--nosuch",
]

#: What only servers import.
OF_SERVERS = {
    *("oslo_service", "oslo_config", "oslo_messaging", "eventlet", "flask", "sqlalchemy"),
    *("waitress", "congress.kernel", "congress.roles", "congress.api"),
}

#: Commands that take any number of arguments, besides those of ``lang``.
OF_MANY = {"policy_apply"}

#: Commands that name nothing that is there already.
HARMLESS = {
    "policy_list", "policy_create", "policy_create-from-file", "policy_apply", "datasource_list",
    "driver_list", "version_list", "library_list", "library_create", "library_load",
    "health_show", "system_status",
    "audit_list",
}  # fmt: skip


class FailureTest(CliTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.cloud()
        self.behind.engine.rows["classification", "error"] = [["vm1", 3]]
        self.post("/v1/librarypolicies", {"name": "shelf", "rules": [{"rule": "parked(1)"}]})
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.file = Path(holder.name, "shelf.yaml")
        self.file.write_text("name: shelf\nrules: []\n")

    def state(self) -> str:
        """Everything a command could change."""
        source = self.behind.bus.services["datasource/cloud1"]
        datasources = self.behind.storage.read(lambda tx: list(tx.datasources.list()))
        engine = self.behind.engine
        kept = (engine.policies, engine.rules, engine.library)
        return repr((*kept, datasources, source.tables_held))

    def test_every_failure_is_told_and_changes_nothing(self) -> None:
        before = self.state()
        for line in (*UNKNOWN, *REFUSED):
            with self.subTest(line=line[:60]):
                code, out, err = self.run_command(*line.replace("{file}", str(self.file)).split())
                self.assertEqual((1, ""), (code, out))
                self.assertRegex(err, r"^error\[[a-z-]+\]: .")
                self.assertNotIn("Traceback", err)
        self.assertEqual(before, self.state())

    def test_wrong_usage_asks_no_server(self) -> None:
        self.transport.sent.clear()
        for line in MISUSED:
            with self.subTest(line=line):
                code, out, err = self.run_command(*line.split())
                self.assertEqual(2, code)
                self.assertTrue(out or err)
                self.assertNotIn("Traceback", err)
        self.assertEqual([], self.transport.sent)

    def test_no_name_leads_out_of_its_place(self) -> None:
        before = self.state()
        for name in ("", ".", ".."):
            for words in (
                ("policy", "show"),
                ("policy", "delete"),
                ("datasource", "delete"),
                ("rule", "delete", "classification"),
                ("datasource", "table", "show", "cloud1"),
            ):
                with self.subTest(words=words, name=name):
                    code, out, err = self.run_command(*words, name)
                    self.assertEqual((1, ""), (code, out))
                    self.assertIn("error[not-found]", err)
        self.assertEqual(before, self.state())

    def test_every_command_refuses_what_it_does_not_know(self) -> None:
        self.transport.sent.clear()
        for name in announced()["congress.cli"]:
            words = name.split("_")
            surplus = [] if words[0] == "lang" or name in OF_MANY else [["x"] * 6]
            for more in (["--nosuch"], *surplus):
                with self.subTest(command=name, more=more):
                    code, out, err = self.run_command(*words, *more)
                    self.assertEqual((2, ""), (code, out))
                    self.assertIn("usage: congress", err)
        self.assertEqual([], self.transport.sent)

    def test_every_command_that_names_something_is_tried_with_an_unknown_name(self) -> None:
        tried = {" ".join(words[:4]) + " " for line in UNKNOWN if (words := line.split())}
        for name in announced()["congress.cli"]:
            command = name.replace("_", " ")
            if command.split()[0] in ("lang", "plugin", "rule", "table", "row") or name in HARMLESS:
                continue
            with self.subTest(command=command):
                self.assertTrue([line for line in tried if line.startswith(f"{command} ")])

    def test_the_offending_text_is_underlined(self) -> None:
        _code, _out, err = self.run_command("rule", "create", "classification", "p(!)")
        self.assertEqual(
            "error[syntax]: this is no rule\n   1 | p(!)\n         ^\n  hint: remove the mark\n",
            err,
        )

    def test_without_the_text_the_place_is_told(self) -> None:
        diagnostic = Diagnostic("syntax", "this is no rule", Span(26, 27, 1, 27))
        failure = RequestFailed("x", (diagnostic,))
        failure.texts = {"query": "p(x)", "sequence": "q+("}
        self.assertEqual("error[syntax]: this is no rule (line 1, column 27)", str(failure))
        failure = RequestFailed("x", (replace(diagnostic, where="sequence"),))
        failure.texts = {"query": "p(x)", "sequence": "q+("}
        self.assertIn("   1 | q+(\n", str(failure))

    def test_the_offending_rule_of_a_file_is_underlined(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "p.yaml")
            path.write_text("name: p\nrules:\n- rule: p(1)\n- rule: q(!)\n")
            code, _out, err = self.run_command("policy", "create-from-file", str(path))
        self.assertEqual(1, code)
        self.assertIn("   1 | q(!)\n         ^", err)
        self.assertIn("rules[1]", err)

    def test_files_that_hold_no_policy(self) -> None:
        texts = ["", "[]", "name: p", "a: [", "name: p\nrules: {}", "name: p\nrules: [p(1)]"]
        texts += ["name: p\nrules: []\n---\nname: q\nrules: []", "!!python/object:os.x {}", "\0"]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "p.yaml")
            for text in texts:
                with self.subTest(text=text):
                    path.write_text(text)
                    code, _out, err = self.run_command("policy", "create-from-file", str(path))
                    self.assertEqual(1, code)
                    self.assertIn(str(path), err)
            code, _out, err = self.run_command("policy", "create-from-file", f"{folder}/nosuch")
        self.assertEqual(1, code)

    def test_an_action_that_failed_shows_in_the_exit_code(self) -> None:
        source = self.behind.bus.services["datasource/cloud1"]
        source.execute = lambda **_: {"state": "failed", "message": "no", "result": None}
        code, out, _err = self.run_command("datasource", "execute", "cloud1", "stop", "--wait")
        self.assertEqual(1, code)
        self.assertIn("failed", out)

    def test_help(self) -> None:
        for arguments in ((), ("--help",), ("policy", "create", "--help")):
            code, out, _err = self.run_command(*arguments)
            self.assertEqual(0, code)
            self.assertIn("usage: congress", out)


class ConnectionTest(unittest.TestCase):
    def setUp(self) -> None:
        self.endpoint = f"http://127.0.0.1:{deaf_port(self)}"

    def test_no_server(self) -> None:
        with self.assertRaises(RequestFailed) as caught:
            Client(PlainTransport(self.endpoint)).get("policies")
        self.assertIn("--endpoint", str(caught.exception))

    def test_no_server_at_the_usual_place_says_how_to_start_one(self) -> None:
        from congress.cli.transports import DEFAULT_ENDPOINT, _unreachable

        self.assertIn("congress-server --standalone", str(_unreachable(DEFAULT_ENDPOINT)))

    def test_an_endpoint_that_is_none(self) -> None:
        for endpoint in ("nonsense", "ftp://x", "http://"):
            with self.subTest(endpoint=endpoint), self.assertRaises(RequestFailed):
                Client(PlainTransport(endpoint)).get("policies")

    def test_the_exit_code(self) -> None:
        with own_logging(), mock.patch("sys.stderr", io.StringIO()) as err:
            self.assertEqual(1, main(["--endpoint", self.endpoint, "policy", "list"]))
        self.assertIn(f"no server answers at {self.endpoint}", err.getvalue())


class ImportTest(unittest.TestCase):
    """A client imports what a client needs, and that only when it needs it."""

    def modules(self, *arguments: str) -> set[str]:
        """The modules that are there when a command has ended."""
        program = (
            "import sys\n"
            "from congress.cli.main import main\n"
            "try:\n main(sys.argv[1:])\nexcept SystemExit:\n pass\n"
            "print(*sorted(sys.modules), file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={"PATH": os.environ["PATH"]},
        )
        return set(done.stderr.splitlines()[-1].split())

    def test_help_imports_nothing_slow(self) -> None:
        slow = {"requests", "keystoneauth1", "yaml", "msgspec", "congress.engine", "openstack"}
        for arguments in (["--help"], ["policy", "list", "--help"]):
            with self.subTest(arguments=arguments):
                found = self.modules(*arguments)
                self.assertIn("congress.cli.commands.policy", found)
                self.assertEqual(set(), (slow | OF_SERVERS) & found)

    def test_no_command_that_asks_a_server_imports_what_servers_need(self) -> None:
        endpoint = f"http://127.0.0.1:{deaf_port(self)}"
        for access in ([], ["--os-token", "t", "--os-auth-url", endpoint]):
            with self.subTest(access=access):
                found = self.modules("--endpoint", endpoint, *access, "policy", "list")
                self.assertIn("requests", found)
                self.assertEqual(bool(access), "keystoneauth1" in found)
                self.assertEqual(set(), OF_SERVERS & found)

    def test_help_reads_no_records_of_distributions(self) -> None:
        for arguments, line in (
            (["--help"], r"\n  policy list +List the policies\n"),
            (["help"], r"\n  policy list +List the policies\n"),
            (["help", "policy", "list"], r"\nList the policies"),
            (["policy", "list", "--help"], r"\nList the policies"),
        ):
            with (
                self.subTest(arguments=arguments),
                own_logging(),
                mock.patch("cliff.command.packages_distributions", side_effect=AssertionError),
                mock.patch("sys.stdout", io.StringIO()) as out,
            ):
                with contextlib.suppress(SystemExit):
                    main(arguments)
                self.assertRegex(out.getvalue(), line)

    def test_completion(self) -> None:
        with own_logging(), mock.patch("sys.stdout", io.StringIO()) as out:
            self.assertEqual(0, main(["complete"]))
        for words in ("cmds_policy='", "_congress()", "complete -F _congress congress"):
            self.assertIn(words, out.getvalue())
