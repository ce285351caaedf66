"""Every action of the agent, with a real server and with servers that misbehave."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests.functional.system import halt, wait_until
from tests.ocf.agent import (
    AGENT,
    CONFIGURED,
    DEADLINE,
    GENERIC,
    INSTALLED,
    NOT_RUNNING,
    SERVER,
    SUCCESS,
    UNIMPLEMENTED,
    AgentCase,
)


def runs(pid: int) -> bool:
    """Whether there is such a process, and not only its remains."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class AnswerTest(AgentCase):
    """Actions for which nothing has to run."""

    def setUp(self) -> None:
        super().setUp()
        self.set(config="/nonexistent/congress.conf", binary="/nonexistent/congress-server")

    def test_parameters_and_defaults_are_the_documented_ones(self) -> None:
        root = ElementTree.fromstring(self.run_action("meta-data").stdout)
        defaults = {
            one.attrib["name"]: one.find("content").attrib["default"]  # type: ignore[union-attr]
            for one in root.iter("parameter")
        }
        expected = {
            "config": "/etc/congress/congress.conf",
            "node_id": "datasource-node",
            "binary": "/usr/local/bin/congress-server",
            "additional_parameters": "",
            "user": "",
            "log": "/var/log/congress-datasource.log",
        }
        self.assertEqual(expected, defaults)

    def test_help_is_given_on_any_host(self) -> None:
        for action in ("usage", "help"):
            done = self.run_action(action)
            self.assertEqual(SUCCESS, done.returncode)
            self.assertIn("start|stop|monitor|status|validate-all|meta-data", done.stdout)

    def test_unknown_actions_are_not_implemented(self) -> None:
        self.assertIn("usage:", self.expect(UNIMPLEMENTED, "promote"))

    def test_t14_a_probe_where_nothing_is_installed_finds_nothing_running(self) -> None:
        self.assertEqual("", self.expect(NOT_RUNNING, "monitor", OCF_RESKEY_CRM_meta_interval="0"))

    def test_stop_where_nothing_is_installed_succeeds(self) -> None:
        self.expect(SUCCESS, "stop")

    def test_what_is_missing_is_named(self) -> None:
        missing = "congress-server is not installed"
        self.assertIn(missing, self.expect(INSTALLED, "start"))
        self.assertIn(missing, self.expect(INSTALLED, "validate-all", OCF_CHECK_LEVEL="10"))
        self.set(binary=SERVER)
        self.assertIn("congress.conf is no file", self.expect(INSTALLED, "start"))
        self.set(config=self.config, user="no-such-user")
        self.assertIn("no user no-such-user", self.expect(INSTALLED, "start"))

    def test_a_name_that_cannot_be_is_wrong_on_every_host(self) -> None:
        for name in ("a b", "-x", "$(touch x)"):
            for action in ("start", "validate-all"):
                said = self.expect(CONFIGURED, action, OCF_RESKEY_node_id=name)
                self.assertIn("name of a node", said)

    def test_parameters_are_valid_where_nothing_is_installed(self) -> None:
        self.assertEqual("", self.expect(SUCCESS, "validate-all"))

    def test_a_complete_host_is_valid(self) -> None:
        self.set(config=self.config, binary=SERVER)
        self.expect(SUCCESS, "validate-all", OCF_CHECK_LEVEL="10")


class ServerTest(AgentCase):
    """With the real server. Its broker is away, which must not count as a failure."""

    def test_its_whole_life(self) -> None:
        self.expect(NOT_RUNNING, "monitor")
        self.expect(SUCCESS, "start")
        pid = self.pid()
        self.assertIn('"degraded", "message": "the message broker', self.expect(SUCCESS, "monitor"))
        self.assertEqual("", self.expect(SUCCESS, "monitor"), "it is told once")
        said = self.expect(GENERIC, "monitor", OCF_CHECK_LEVEL="20")
        self.assertIn(f"process {pid} does not reach what it needs", said)
        self.expect(SUCCESS, "start")
        self.assertEqual(pid, self.pid())
        self.expect(SUCCESS, "stop")
        self.assertFalse(runs(pid))
        self.assertIn("node datasource-node has ended", self.log.read_text())
        self.assertEqual([], list((self.folder / "run").iterdir()))
        self.expect(NOT_RUNNING, "monitor")
        self.expect(SUCCESS, "stop")

    def test_t14_a_killed_server_does_not_run_and_is_started_anew(self) -> None:
        self.expect(SUCCESS, "start")
        killed = self.pid()
        self.kill(signal.SIGKILL)
        wait_until(lambda: not runs(killed), "it is gone")
        self.expect(NOT_RUNNING, "monitor")
        self.expect(SUCCESS, "start")
        self.assertNotEqual(killed, self.pid())
        self.expect(SUCCESS, "monitor")

    def test_t14_a_hung_server_has_failed_and_can_be_stopped(self) -> None:
        self.expect(SUCCESS, "start")
        pid = self.pid()
        halt(self.pid())
        said = self.expect(GENERIC, "monitor", OCF_RESKEY_CRM_meta_timeout="7000")
        self.assertIn(f"process {pid} is there and does not live", said)
        self.assertIn("hangs and is killed", self.expect(SUCCESS, "stop"))
        self.assertFalse(runs(pid))

    def test_t14_stop_needs_neither_configuration_nor_program(self) -> None:
        self.expect(SUCCESS, "start")
        pid = self.pid()
        self.config.unlink()
        self.set(binary="/nonexistent/congress-server")
        self.expect(SUCCESS, "monitor")
        self.expect(SUCCESS, "stop")
        self.assertFalse(runs(pid))
        self.assertIn("node datasource-node has ended", self.log.read_text())

    def test_t14_a_configuration_that_cannot_be_is_told_at_once(self) -> None:
        self.config.write_text("[DEFAULT]\nshutdown_timeout = soon\n")
        self.assertIn("ended with 2 while it was starting", self.expect(INSTALLED, "start"))
        self.assertIn("shutdown_timeout", self.log.read_text())
        self.expect(NOT_RUNNING, "monitor")

    def test_a_second_node_of_the_name_is_a_failure_to_try_again(self) -> None:
        self.expect(SUCCESS, "start")
        self.pid_file.rename(self.folder / "kept")
        self.assertIn("ended with 3", self.expect(GENERIC, "start"))
        (self.folder / "kept").rename(self.pid_file)

    def test_a_database_that_is_away_is_waited_for(self) -> None:
        with self.config.open("a") as file:
            file.write(
                "[database]\nconnection = mysql+pymysql://c:c@127.0.0.1:1/c\nmax_retries = -1\n"
            )
        said = self.expect(SUCCESS, "start")
        self.assertIn("lives and is not ready yet", said)
        self.assertIn("the database is not open", said)
        pid = self.pid()
        self.expect(SUCCESS, "monitor")
        self.expect(SUCCESS, "stop")
        self.assertFalse(runs(pid))

    def test_t14_it_passes_the_conformance_test_of_agents(self) -> None:
        options = [
            f"{name}={self.environment[f'OCF_RESKEY_{name}']}"
            for name in ("config", "binary", "log")
        ]
        flags = [word for option in options for word in ("-o", option)]
        installed = self.folder / "congress-datasource"
        shutil.copy(AGENT, installed)
        done = subprocess.run(
            ["ocf-tester", "-n", "ds", *flags, installed],
            env={name: one for name, one in self.environment.items() if "RESKEY" not in name},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("passed all tests", done.stdout)


class StubTest(AgentCase):
    """With servers that do what a test says."""

    def test_arguments_arrive_as_they_are(self) -> None:
        self.use_stub()
        spaced = self.folder / "a name $HOME"
        spaced.write_text(self.config.read_text())
        self.set(config=spaced, node_id="ds-1", additional_parameters="--debug --log-dir=/x/*")
        self.expect(SUCCESS, "start")
        expected = ["--config-file", str(spaced), "--datasources", "--node-id", "ds-1"]
        expected += ["--node-health-socket", f"{self.folder}/run/congress-datasource-ds/health"]
        expected += ["--debug", "--log-dir=/x/*"]
        self.assertEqual(expected, (self.folder / "arguments").read_text().split("\n"))

    def test_a_server_says_itself_that_it_failed(self) -> None:
        self.use_stub()
        self.expect(SUCCESS, "start")
        for health, code in (("degraded", SUCCESS), ("not_ready", SUCCESS), ("failed", GENERIC)):
            (self.folder / "health").write_text(health)
            self.assertIn(
                "the reason" if health != "not_ready" else "", self.expect(code, "monitor")
            )

    def test_what_a_server_reaches_is_asked_for_on_demand(self) -> None:
        self.use_stub()
        self.expect(SUCCESS, "start")
        for health, code in (("ok", SUCCESS), ("degraded", GENERIC)):
            (self.folder / "health").write_text(health)
            self.expect(code, "monitor", OCF_CHECK_LEVEL="20")

    def test_stop_waits_until_all_is_done(self) -> None:
        self.use_stub(drain=2)
        self.expect(SUCCESS, "start")
        pid = self.pid()
        self.assertNotIn("killed", self.expect(SUCCESS, "stop"))
        self.assertTrue((self.folder / "drained").exists())
        self.assertFalse(runs(pid))

    def test_t14_who_does_not_end_in_time_is_killed(self) -> None:
        self.use_stub(drain=60)
        self.expect(SUCCESS, "start")
        pid = self.pid()
        said = self.expect(SUCCESS, "stop", OCF_RESKEY_CRM_meta_timeout="12000")
        self.assertIn("has not ended within 2 seconds and is killed", said)
        self.assertFalse((self.folder / "drained").exists())
        self.assertFalse(runs(pid))

    def test_t14_the_process_of_somebody_else_is_left_alone(self) -> None:
        stranger = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
        )
        self.addCleanup(stranger.communicate)
        self.pid_file.parent.mkdir()
        self.pid_file.write_text(f"{stranger.pid} 1\n")
        self.expect(NOT_RUNNING, "monitor")
        self.expect(SUCCESS, "stop")
        self.assertIsNone(stranger.poll())
        self.assertFalse(self.pid_file.exists())

    def test_a_file_that_names_no_process_is_nothing(self) -> None:
        self.pid_file.parent.mkdir()
        for text in ("", "x y\n", "1\n", f"{os.getpid()}\n"):
            self.pid_file.write_text(text)
            self.expect(NOT_RUNNING, "monitor")

    def test_t14_the_server_runs_as_the_user_that_is_named(self) -> None:
        teller = self.folder / "teller"
        teller.write_text('#!/bin/sh\necho "$(id -un) $HOME"\nexit 1\n')
        teller.chmod(0o755)
        self.set(binary=teller, user="nobody")
        self.assertIn("ended with 1", self.expect(GENERIC, "start"))
        self.assertEqual(f"nobody {pwd.getpwnam('nobody').pw_dir}\n", self.log.read_text())
        folder = self.folder / "run/congress-datasource-ds"
        self.assertEqual("nobody", folder.owner())
        self.assertEqual(0o700, folder.stat().st_mode & 0o777)


class StyleTest(AgentCase):
    """The text of the agent."""

    def test_the_shell_checker_finds_nothing(self) -> None:
        done = subprocess.run(
            ["shellcheck", "--shell=sh", AGENT], capture_output=True, text=True, check=False
        )
        self.assertEqual((0, ""), (done.returncode, done.stdout))
