"""The commands of the released python-congressclient, what they must give, and how they are run."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.functional.live_server import LiveServer

RUNNER = Path(__file__).with_name("openstack_shell.py")

POLICY_FILE = "name: from_file\nrules:\n- rule: p(1)\n"

#: The commands in the order they are run. ``{folder}`` is the server's.
COMMANDS: dict[str, str] = {
    "version list": "version list -f json",
    "driver list": "driver list -f json",
    "driver config show": "driver config show push -f json",
    "driver schema show": "driver schema show host",
    "datasource create": "datasource create push inventory --description d "
    "--config {{tables}} -f json",
    "datasource list": "datasource list -f json",
    "datasource row update": 'datasource row update inventory servers [["vm1",2],["vm2",8]]',
    "datasource status show": "datasource status show inventory -f json",
    "datasource create notify": "datasource create notify teller",
    "datasource actions show": "datasource actions show teller",
    "datasource schema show": "datasource schema show inventory",
    "datasource table list": "datasource table list inventory -f json",
    "datasource table show": "datasource table show inventory servers -f json",
    "datasource table schema show": "datasource table schema show inventory servers -f json",
    "datasource row list": "datasource row list inventory servers -f json",
    "datasource request-refresh": "datasource request-refresh inventory",
    "policy create": "policy create audit --description checks -f json",
    "policy create action": "policy create acts --kind action --abbreviation act -f json",
    "policy create-from-file": "policy create-from-file {folder}/from-file.yaml",
    "policy list": "policy list -f json",
    "policy show": "policy show audit -f json",
    "policy rule create": "policy rule create audit {{rule}} --name large --comment why -f json",
    "policy rule list": "policy rule list audit",
    "policy rule show": "policy rule show audit large -f json",
    "policy table list": "policy table list audit -f json",
    "policy table show": "policy table show audit error -f json",
    "policy row list": "policy row list audit error -f json",
    "policy row list trace": "policy row list audit error --trace",
    "policy simulate": "policy simulate audit error(x) {{sequence}} action",
    "policy simulate delta": "policy simulate audit error(x) {{sequence}} action --delta --trace",
    "policy show unknown": "policy show nosuch",
    "policy create duplicate": "policy create audit",
    "policy rule create bad": "policy rule create audit {{bad}}",
    "policy rule delete": "policy rule delete audit large",
    "policy delete": "policy delete audit",
    "datasource delete": "datasource delete inventory",
}

#: What to repeat a command for: rows can be given once the data source is open, and what was
#: given is evaluated some time after it was taken.
AWAITED = {"datasource row update": "", "policy row list": "vm2"}

#: And one that tells what they left behind.
AFTERWARDS = {"policies left": "policy list -f json"}

#: Arguments with blanks in them.
TEXTS = {
    "{{rule}}": "error(id) :- inventory:servers(id, size), builtin:gt(size, 4)",
    "{{sequence}}": 'inventory:servers+("vm3", 9)',
    "{{tables}}": 'tables={"servers": ["id", "size"]}',
    "{{bad}}": "error(x) :- inventory:servers(y, z)",
}

#: Commands that fail in the client itself, whatever the server answers.
BROKEN = (
    "datasource actions show",
    "datasource schema show",
    "driver schema show",
    "policy create-from-file",
)

#: Commands that the server refuses, with what the client then says.
REFUSED = {
    "policy show unknown": "nosuch",
    "policy create duplicate": "HTTP 409",
    "policy rule create bad": "HTTP 400",
}


def run_all(
    server: LiveServer,
    commands: Mapping[str, str],
    *folders: str,
    access: Sequence[str] = (),
    python: Sequence[str] = (),
    **environment: str,
) -> dict[str, tuple[int, str, str]]:
    """Run commands of openstackclient in one process; what each gave.

    :param access: options that tell credentials; none are sent without.
    :param folders: where to find plugins besides those that are installed.
    :param python: options of the interpreter.
    """
    lines = []
    for name, text in commands.items():
        words = text.format(folder=server.folder).split()
        arguments = [TEXTS.get("{" + word + "}", word) for word in words]
        plain = ("--os-auth-type", "none", "--os-endpoint", server.url)
        line = [*(access or plain), "congress", *arguments]
        lines.append((line, AWAITED.get(name)))
    process = subprocess.run(
        [sys.executable, *python, "-W", "ignore", RUNNER, *folders],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        env={**os.environ, **environment},
    )
    return dict(zip(commands, map(tuple, json.loads(process.stdout)), strict=True))


def run_program(
    server: LiveServer, access: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """One command as users run it."""
    program = Path(sys.executable).with_name("openstack")
    plain = ("--os-auth-type", "none", "--os-endpoint", server.url)
    return subprocess.run(
        [
            *(program, *(access or plain)),
            *("congress", "policy", "list", "-f", "value", "-c", "name"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )


class ReleasedClientSuite:
    """Runs every command once, in order, and judges what they gave."""

    done: ClassVar[dict[str, tuple[int, str, str]]]
    own: ClassVar[subprocess.CompletedProcess[str]]
    log: ClassVar[str]
    exit_code: ClassVar[int]

    @classmethod
    def run_against(cls, server: LiveServer, access: Sequence[str] = ()) -> None:
        """Run the commands, and end the server."""
        try:
            (server.folder / "from-file.yaml").write_text(POLICY_FILE)
            cls.done = run_all(server, {**COMMANDS, **AFTERWARDS}, access=access)
            cls.own = run_program(server, access)
            cls.log = server.log()
        finally:
            cls.exit_code = server.close()

    def test_the_program_itself(self: Any) -> None:
        self.assertEqual(0, self.own.returncode, self.own.stderr)
        self.assertIn("classification", self.own.stdout.split())

    def output(self: Any, command: str) -> Any:
        """What a command that must succeed printed, as JSON values."""
        code, out, err = self.done[command]
        self.assertEqual(0, code, err)
        return json.loads(out)

    def test_every_command_that_can_succeed_does(self: Any) -> None:
        for command, (code, _out, err) in self.done.items():
            if command not in BROKEN and command not in REFUSED:
                with self.subTest(command=command):
                    self.assertEqual(0, code, err)

    def test_what_is_broken_in_the_client_says_so(self: Any) -> None:
        for command in BROKEN:
            with self.subTest(command=command):
                code, _out, err = self.done[command]
                self.assertNotEqual(0, code)
                self.assertRegex(err, "iteritems|load_all|Loader")

    def test_refusals_reach_the_user(self: Any) -> None:
        for command, text in REFUSED.items():
            with self.subTest(command=command):
                code, _out, err = self.done[command]
                self.assertNotEqual(0, code)
                self.assertIn(text, err)
        self.assertIn("head variable", self.done["policy rule create bad"][2])

    def test_discovery(self: Any) -> None:
        self.assertEqual("v1", self.output("version list")[0]["id"])
        self.assertIn("host", [driver["id"] for driver in self.output("driver list")])
        self.assertIn("tables", self.output("driver config show")["config"])

    def test_data_sources(self: Any) -> None:
        self.assertEqual("inventory", self.output("datasource create")["name"])
        [listed] = self.output("datasource list")
        shown = tuple(listed[key] for key in ("name", "driver", "enabled"))
        self.assertEqual(("inventory", "push", True), shown)
        status = self.output("datasource status show")
        self.assertEqual(("True", "None"), (status["initialized"], status["last_error"]))
        self.assertIn({"id": "servers"}, self.output("datasource table list"))
        self.assertEqual({"id": "servers"}, self.output("datasource table show"))
        columns = self.output("datasource table schema show")
        self.assertEqual(["id", "size"], [column["name"] for column in columns])
        rows = self.output("datasource row list")
        self.assertEqual([{"id": "vm1", "size": 2}, {"id": "vm2", "size": 8}], rows)

    def test_policies(self: Any) -> None:
        made = self.output("policy create")
        self.assertEqual(("audit", "user"), (made["name"], made["owner_id"]))
        self.assertEqual("act", self.output("policy create action")["abbreviation"])
        names = {policy["name"] for policy in self.output("policy list")}
        self.assertLessEqual({"action", "classification", "audit", "acts"}, names)
        self.assertEqual(made["id"], self.output("policy show")["id"])

    def test_rules_and_rows(self: Any) -> None:
        rule = self.output("policy rule create")
        self.assertEqual(("large", "why"), (rule["name"], rule["comment"]))
        self.assertIn(":-", self.done["policy rule list"][1])
        self.assertEqual(rule["id"], self.output("policy rule show")["id"])
        tables = [table["id"] for table in self.output("policy table list")]
        self.assertEqual({"error", "inventory:servers"}, set(tables))
        self.assertEqual([{"Col0": "vm2"}], self.output("policy row list"))
        self.assertIn("vm2", self.done["policy row list trace"][1])

    def test_simulation(self: Any) -> None:
        _code, out, _err = self.done["policy simulate"]
        self.assertEqual({'error("vm2")', 'error("vm3")'}, set(out.split()))
        self.assertIn('error+("vm3")', self.done["policy simulate delta"][1])

    def test_deletions_took_effect(self: Any) -> None:
        names = {policy["name"] for policy in self.output("policies left")}
        self.assertEqual({"action", "classification", "acts"}, names)

    def test_the_server_saw_no_fault_and_ended_well(self: Any) -> None:
        self.assertNotIn("Traceback", self.log)
        self.assertEqual(0, self.exit_code)
