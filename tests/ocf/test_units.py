"""The units of systemd start what exists, and give it the time it asks for."""

import configparser
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from congress.cli.server import GRACE, parse
from congress.kernel.exit_codes import ExitCode
from congress.kernel.options.node import chosen_roles

UNITS = Path(__file__).resolve().parents[2] / "etc/systemd"
ROLES = {
    "congress-policy-engine@.service": {"policy-engine", "api"},
    "congress-datasources.service": {"datasources"},
}


class UnitTest(unittest.TestCase):
    def service(self, name: str) -> configparser.SectionProxy:
        unit = configparser.ConfigParser(interpolation=None, delimiters="=")
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        unit.read_string((UNITS / name).read_text())
        return unit["Service"]

    def test_these_are_all(self) -> None:
        self.assertEqual(set(ROLES), {one.name for one in UNITS.iterdir()})

    def test_systemd_has_nothing_to_say_against_them(self) -> None:
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        system = Path("usr/lib/systemd/system")
        shutil.copytree("/" / system, root / system, symlinks=True)
        shutil.copytree(UNITS, root / "etc/systemd/system")
        for program in ("usr/local/bin/congress-server", "bin/kill"):
            path = root / program
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(0o755)
        units = [name.replace("@", "@pe-1") for name in ROLES]
        done = subprocess.run(
            ["systemd-analyze", f"--root={root}", "--man=no", "verify", *units],
            capture_output=True,
            text=True,
            check=False,
        )
        said = (done.stdout + done.stderr).splitlines()
        self.assertEqual([], [line for line in said if "congress" in line])

    def test_the_server_understands_its_command_line(self) -> None:
        for name, roles in ROLES.items():
            with self.subTest(unit=name):
                program, file, path, *flags = shlex.split(self.service(name)["ExecStart"])
                self.assertEqual("/usr/local/bin/congress-server", program)
                self.assertEqual(("--config-file", "/etc/congress/congress.conf"), (file, path))
                conf = parse([one.replace("%i", "pe-1") for one in flags])
                self.assertEqual(roles, set(chosen_roles(conf)))
                folder = Path(conf.node.health_socket).parent
                if conf.node.health_socket:
                    self.assertEqual(self.service(name)["RuntimeDirectory"], folder.name)
                self.assertIn(conf.node.id, ("pe-1", "datasource-node"))

    def test_stopping_may_take_as_long_as_it_does(self) -> None:
        for name in ROLES:
            with self.subTest(unit=name):
                seconds = float(self.service(name)["TimeoutStopSec"])
                self.assertGreater(seconds, parse([]).shutdown_timeout + GRACE)

    def test_what_no_restart_mends_is_not_restarted(self) -> None:
        for name in ROLES:
            with self.subTest(unit=name):
                codes = self.service(name)["RestartPreventExitStatus"].split()
                self.assertEqual({ExitCode.CONFIGURATION, ExitCode.SCHEMA}, set(map(int, codes)))
