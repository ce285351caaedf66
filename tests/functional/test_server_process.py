"""``congress-server`` as a process: what it prints, listens to, and exits with."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from congress.testing.plugins import Shelf
from tests.functional.system import wait_until
from tests.ports import free_port

DEADLINE = 30.0
SERVER = Path(sysconfig.get_path("scripts")) / "congress-server"

ROLES = '''
"""Roles that behave as badly as their names say."""
import signal
import sys
import threading
from congress.interfaces.plugin import PluginInfo
from congress.interfaces.role import NodeRole
from congress.model.diagnostic import refuse
from congress.model.status import Health, State

class Good(NodeRole):
    name = "good"

    @classmethod
    def describe(cls):
        return PluginInfo("good", "Does nothing.")

    def services(self):
        return [self]

    def start(self):
        pass

    def stop(self, timeout):
        pass

class Sick(Good):
    def health(self):
        return Health(State.FAILED, "out of order")

class Twin(Good):
    def start(self):
        raise refuse("duplicate", "node n1 is alive already")

class Outdated(Good):
    def start(self):
        raise refuse("schema-version", "the schema is old", hint="run congress-db-manage upgrade")

class Broken(Good):
    def start(self):
        raise ZeroDivisionError("oops")

def deaf():
    # A signal that comes in now has its handler run when this thread goes on, as one that
    # comes in just before the thread waits.
    assert threading.current_thread() is threading.main_thread()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})

class Slow(Good):
    def start(self):
        deaf()
        print("starting", flush=True)
        threading.Event().wait(60)

class Clinging(Good):
    def start(self):
        deaf()
    def stop(self, timeout):
        print("clinging", flush=True)
        threading.Event().wait(60)
'''
ROLE_NAMES = ("Good", "Sick", "Twin", "Outdated", "Broken", "Slow", "Clinging")


class ServerTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONWARNINGS": "ignore",
            "HOME": str(self.folder),
            "PYTHONPATH": "",
        }

    def install_roles(self) -> None:
        shelf = self.enterContext(Shelf())
        metadata = shelf.install(
            "odd-roles",
            {"role": {name.lower(): f"odd_roles:{name}" for name in ROLE_NAMES}},
            modules={"odd_roles": ROLES},
        )
        self.environment["PYTHONPATH"] = str(metadata.parent)

    def configure(self, text: str = "") -> list[str]:
        """The arguments for a configuration with a folder of its own and any free port."""
        file = self.folder / "congress.conf"
        defaults = f"[DEFAULT]\nstate_path = {self.folder}/state\nbind_port = 0\n"
        file.write_text(defaults + text)
        return ["--config-file", str(file)]

    def with_role(self, role: str, more: str = "") -> list[str]:
        """The arguments for a node with one odd role and nothing that takes time."""
        self.install_roles()
        return self.configure(
            f"{more}\n[node]\nid = n1\nroles = {role}\nsupervision_interval = 0.05\n"
            "restart_budget = 0\n[storage]\nbackend = memory\n[dse]\ntransport = inproc\n"
        )

    def spawn(self, *arguments: str) -> "subprocess.Popen[str]":
        errors = (self.folder / "errors").open("w")
        self.addCleanup(errors.close)
        process = subprocess.Popen(
            [sys.executable, str(SERVER), *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=self.environment,
            text=True,
            bufsize=1,
        )
        self.addCleanup(self.clear_away, process)
        return process

    def clear_away(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()

    def line(self, process: "subprocess.Popen[str]") -> str:
        """The next line of output, or a failure with what the process had to say."""
        assert process.stdout
        ready, _, _ = select.select([process.stdout], [], [], DEADLINE)
        text = process.stdout.readline() if ready else ""
        if not text:
            self.fail(f"no output; errors: {self.errors()}")
        return text.strip()

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def ending(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors of a process that ends by itself."""
        process = self.spawn(*arguments)
        output, _ = process.communicate(timeout=DEADLINE)
        return process.returncode, output, self.errors()

    def await_text(self, text: str) -> None:
        """Wait until the process has logged something."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.errors():
            self.assertLess(time.monotonic(), deadline, f"{text!r} not in {self.errors()}")
            select.select([], [], [], 0.02)


class LifeTest(ServerTestCase):
    def test_stands_alone_reloads_and_ends_in_order(self) -> None:
        arguments = self.configure()
        process = self.spawn("--standalone", "--node-id", "solo", *arguments)
        banner = self.line(process)
        self.assertRegex(
            banner,
            r"^Congress \S+: node solo \(datasources, policy-engine, api\) is serving at http",
        )
        url = banner.rpartition(" ")[2]
        self.assertIn("//127.0.0.1:", url)
        with urllib.request.urlopen(f"{url}/", timeout=DEADLINE) as answer:
            self.assertEqual(200, answer.status)
            self.assertIn("versions", json.load(answer))
        self.configure("debug = true\n[dse]\nbus_id = other\n")
        process.send_signal(signal.SIGHUP)
        self.await_text("reloaded, 1 options changed")
        self.assertIn("Ignoring change to immutable option dse.bus_id", self.errors())
        self.configure("debug = perhaps\n")
        process.send_signal(signal.SIGHUP)
        self.await_text("the configuration stays as it was")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(DEADLINE), self.errors())
        self.assertNotIn("Traceback", self.errors())
        self.assertTrue((self.folder / "state").is_dir())

    def test_runs_without_any_setting(self) -> None:
        port = free_port()
        self.environment["XDG_STATE_HOME"] = str(self.folder)
        self.environment["OS_DEFAULT__BIND_PORT"] = str(port)
        self.environment["OS_DEFAULT__STATE_PATH"] = str(self.folder / "state")
        process = self.spawn()
        self.assertIn("is serving at http://0.0.0.0", self.line(process))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=DEADLINE) as answer:
            self.assertEqual(200, answer.status)
        process.send_signal(signal.SIGINT)
        self.assertEqual(0, process.wait(DEADLINE), self.errors())

    def test_tells_the_service_manager(self) -> None:
        address = str(self.folder / "notify")
        self.environment["NOTIFY_SOCKET"] = address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(DEADLINE)
            process = self.spawn(*self.with_role("good"))
            self.assertEqual(b"READY=1", manager.recv(100))
            process.send_signal(signal.SIGHUP)
            self.assertEqual([b"RELOADING=1", b"READY=1"], [manager.recv(99), manager.recv(99)])
            process.terminate()
            self.assertEqual(b"STOPPING=1", manager.recv(100))
            self.assertEqual(0, process.wait(DEADLINE))

    def test_shows_calls_of_plugins(self) -> None:
        self.environment["CONGRESS_TRACE_PLUGINS"] = "1"
        process = self.spawn(*self.with_role("good"))
        self.line(process)
        process.terminate()
        self.assertEqual(0, process.wait(DEADLINE))
        self.assertRegex(self.errors(), r"plugin storage:memory open \d+\.\d+ ms")
        self.assertRegex(self.errors(), r"plugin role:good services \d+\.\d+ ms")


class EndTest(ServerTestCase):
    def test_can_be_ended_while_it_starts(self) -> None:
        process = self.spawn(*self.with_role("slow"))
        self.assertEqual("starting", self.line(process))
        process.terminate()
        self.assertEqual(0, process.wait(DEADLINE), self.errors())

    def test_a_second_signal_ends_it_at_once(self) -> None:
        process = self.spawn(*self.with_role("clinging", "shutdown_timeout = 3600"))
        self.assertIn("is serving", self.line(process))
        process.terminate()
        self.assertEqual("clinging", self.line(process))
        process.terminate()
        self.assertEqual(1, process.wait(DEADLINE))

    def test_signals_are_heeded_whatever_the_main_thread_does(self) -> None:
        process = self.spawn(*self.with_role("clinging", "shutdown_timeout = 3600"))
        self.assertIn("is serving", self.line(process))
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reloaded, 0 options changed" in self.errors(), "options are read")
        process.terminate()
        self.assertEqual("clinging", self.line(process))

    def test_gives_up_on_a_role_that_keeps_failing(self) -> None:
        code, _, errors = self.ending(*self.with_role("sick"))
        self.assertEqual(1, code)
        self.assertIn("the node gives up: role sick failed 1 times", errors)
        self.assertIn("out of order", errors)

    def test_exit_codes_and_reasons_of_roles_that_cannot_start(self) -> None:
        for role, expected, reason in (
            ("twin", 3, "role twin: good cannot start: node n1 is alive already"),
            ("outdated", 4, "hint: run congress-db-manage upgrade"),
            ("broken", 1, "ZeroDivisionError: oops"),
        ):
            with self.subTest(role):
                code, output, errors = self.ending(*self.with_role(role))
                self.assertEqual(expected, code, errors)
                self.assertIn(reason, errors)
                self.assertNotIn("is serving", output)

    def test_a_second_process_of_the_same_node_does_not_disturb_the_first(self) -> None:
        arguments = self.with_role("good")
        first = self.spawn(*arguments)
        self.line(first)
        code, _, errors = self.ending(*arguments)
        self.assertEqual(3, code, errors)
        self.assertIn("node n1 runs already", errors)
        first.kill()
        first.wait()
        self.assertIn("node n1 (good)", self.line(self.spawn(*arguments)))

    def test_a_taken_port_is_told(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            arguments = self.configure("auth_strategy = noauth\n[storage]\nbackend = memory\n")
            file = self.folder / "congress.conf"
            port = taken.getsockname()[1]
            file.write_text(file.read_text().replace("bind_port = 0", f"bind_port = {port}"))
            code, _, errors = self.ending(*arguments)
        self.assertEqual(2, code, errors)
        self.assertIn("role api: api cannot start", errors)
        self.assertIn(str(port), errors)


class ConfigurationTest(ServerTestCase):
    def test_everything_wrong_is_told_at_once(self) -> None:
        text = "auth_strategy = nobody\ndatasource_sync_period = -1\n[storage]\nbackend = sqll\n"
        for flags in ((), ("--check-config",)):
            code, _, errors = self.ending(*flags, *self.configure(text))
            self.assertEqual(2, code, errors)
            for expected in ("'nobody'", "datasource_sync_period", "did you mean 'sql'"):
                self.assertIn(expected, errors)
            self.assertNotIn("Traceback", errors)

    def test_a_check_makes_nothing(self) -> None:
        code, output, errors = self.ending("--check-config", *self.configure())
        self.assertEqual((0, "The configuration can be used.\n"), (code, output), errors)
        self.assertFalse((self.folder / "state").exists())

    def test_a_policy_file_that_cannot_be_meant_is_told(self) -> None:
        arguments = self.configure(f"[oslo_policy]\npolicy_file = {self.folder}/policy.yaml\n")
        for text in ('"get_v1": "role:admin or"', None):
            file = self.folder / "policy.yaml"
            if text:
                file.write_text(text)
            else:
                file.unlink()
            for flags in (("--check-config",), ()):
                code, _, errors = self.ending(*flags, *arguments)
                self.assertEqual(2, code, errors)
                self.assertIn("policy.yaml cannot be used", errors)

    def test_split_roles_without_a_transport_are_refused(self) -> None:
        code, _, errors = self.ending("--api", *self.configure())
        self.assertEqual(2, code)
        self.assertIn("set transport_url", errors)

    def test_bad_command_lines_and_files(self) -> None:
        broken = self.folder / "broken.conf"
        broken.write_text("no section\n")
        for arguments in (
            ["--nosuch"],
            ["--node-id", "a b"],
            ["--bind_port", "x"],
            ["--config-file", str(self.folder / "nosuch.conf")],
            ["--config-file", str(broken)],
            ["--standalone", "--api"],
        ):
            with self.subTest(arguments):
                code, _, errors = self.ending(*arguments)
                self.assertEqual(2, code, errors)
                self.assertNotIn("Traceback", errors)

    def test_help_and_version(self) -> None:
        code, output, _ = self.ending("--help")
        self.assertEqual(0, code)
        for option in ("--api", "--policy-engine", "--datasources", "--node-id", "--standalone"):
            self.assertIn(option, output)
        code, output, _ = self.ending("--version")
        self.assertEqual(0, code)
        self.assertRegex(output, r"^\d+\.\d+")


class ImportTest(ServerTestCase):
    def test_nothing_is_imported_before_a_role_needs_it(self) -> None:
        script = (
            "import sys, congress.cli.server as s; s.main(['--check-config', *sys.argv[1:]]);"
            "print([m for m in ('flask', 'sqlalchemy', 'oslo_messaging', 'eventlet.green')"
            " if sys.modules.get(m)], bool(sys.modules.get('eventlet')))"
        )
        arguments = self.with_role("good")
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                script.replace("s.main(['--check-config', *sys.argv[1:]])", "0"),
            ],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
        self.assertEqual("[] False\n", done.stdout)
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
        self.assertTrue(done.stdout.endswith(" False\n"), done.stdout)
