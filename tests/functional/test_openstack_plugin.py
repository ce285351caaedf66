"""``openstack congress …``: our plugin of openstackclient beside the released one, and alone."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests.functional.live_server import LiveServer
from tests.functional.released_client import (
    BROKEN,
    COMMANDS,
    POLICY_FILE,
    REFUSED,
    run_all,
)

ROOT = Path(__file__).resolve().parents[2]

#: A command that only our plugin has, and one that is broken in the released client.
OURS: Mapping[str, str] = {
    "library list": "library list -f json",
    "driver schema show": "driver schema show host -f json",
}

Outcomes = Mapping[str, tuple[int, str, str]]


def build(folder: Path) -> str:
    """Install the plugin into a folder of its own, from a copy of its sources."""
    copy = shutil.copytree(
        ROOT / "osc", folder / "osc", ignore=shutil.ignore_patterns("build", "*.egg-info")
    )
    target = str(folder / "plugin")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", target]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, copy],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stdout + done.stderr
    return target


def without_released_client(folder: Path) -> str:
    """A folder with everything that is installed but the released client."""
    view = folder / "view"
    view.mkdir()
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if "congress" not in installed.name.lower():
            (view / installed.name).symlink_to(installed)
    return str(view)


class PluginTest(unittest.TestCase):
    folder: ClassVar[Path]
    plugin: ClassVar[str]
    done: ClassVar[Outcomes]
    server: ClassVar[LiveServer]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.plugin = build(cls.folder)
        cls.server = LiveServer()
        cls.addClassCleanup(cls.server.close)
        (cls.server.folder / "from-file.yaml").write_text(POLICY_FILE)
        cls.done = run_all(cls.server, {**COMMANDS, **OURS}, cls.plugin)

    def ours(self, done: Outcomes) -> None:
        """Check that our commands were used and openstackclient had nothing to complain of."""
        for command, (code, out, err) in done.items():
            with self.subTest(command=command):
                self.assertEqual((0, ""), (code, err))
                self.assertTrue(json.loads(out))

    def test_every_command_of_the_released_client_works(self) -> None:
        for command, (code, _out, err) in self.done.items():
            if command not in REFUSED:
                with self.subTest(command=command):
                    self.assertEqual(0, code, err)
                    if "trace" not in command:
                        self.assertEqual("", err)
        self.assertIn("p(1)", self.done["policy create-from-file"][1])
        self.assertLessEqual(set(BROKEN), set(self.done))

    def test_answers_are_those_of_the_server(self) -> None:
        def output(command: str) -> Any:
            return json.loads(self.done[command][1])

        self.assertEqual("v1", output("version list")[0]["id"])
        rows = [{"id": "vm1", "size": 2}, {"id": "vm2", "size": 8}]
        self.assertEqual(rows, output("datasource row list"))
        self.assertEqual([{"id": "vm2"}], output("policy row list"))
        self.assertIn('error+("vm3")', self.done["policy simulate delta"][1])

    def test_refusals_show_code_message_and_hint(self) -> None:
        for command in REFUSED:
            with self.subTest(command=command):
                code, _out, err = self.done[command]
                self.assertNotEqual(0, code)
                self.assertRegex(err, r"error\[[a-z-]+\]: .")
        self.assertIn("hint: congress policy list", self.done["policy show unknown"][2])

    def test_found_before_the_released_client(self) -> None:
        self.ours(run_all(self.server, OURS, PYTHONPATH=self.plugin))

    def test_found_after_the_released_client(self) -> None:
        self.ours({name: self.done[name] for name in OURS if name in self.done})

    def test_without_the_released_client(self) -> None:
        view = without_released_client(self.folder)
        path = os.pathsep.join([self.plugin, view, str(ROOT)])
        program = "import importlib.util; print(importlib.util.find_spec('congressclient'))"
        seen = subprocess.run(
            [sys.executable, "-S", "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self.assertEqual("None", seen.stdout.strip())
        self.ours(run_all(self.server, OURS, python=("-S",), PYTHONPATH=path))

    def test_the_released_library_goes_on_working(self) -> None:
        program = (
            "from congressclient.v1.client import Client\n"
            "from keystoneauth1.session import Session\n"
            "from keystoneauth1.noauth import NoAuth\n"
            f"session = Session(NoAuth(endpoint={self.server.url!r}))\n"
            "client = Client(session=session, service_type='policy', interface='publicURL')\n"
            "library = client.list_library_policy()['results']\n"
            "made = client.create_policy({'name': 'x', 'rules': []})\n"
            "print(len(library), made['name'])\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": self.plugin},
        )
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"^\d+ x\n$")
