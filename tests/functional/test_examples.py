"""The example distributions: built, installed beside Congress, used, and removed."""

import hashlib
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import unittest
import urllib.request
from typing import Any, ClassVar

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
KINDS = ("auth", "builtin", "bus", "driver", "leader", "role", "secrets", "storage")
TOKEN = "open sesame"
DEADLINE = 60.0

CONFIGURATION = """
[DEFAULT]
state_path = {folder}/state
bind_host = 127.0.0.1
bind_port = 0
auth_strategy = token-file
[node]
id = n1
roles = datasources,policy-engine,api,status-file
[dse]
transport = unix
leader_strategy = preferred
[storage]
backend = audited-memory
[secrets]
backend = passphrase
[auth_token_file]
path = {folder}/tokens
[bus_unix]
folder = {folder}/bus
[leader_preferred]
nodes = n1
[role_status_file]
path = {folder}/status.json
interval = 0.1
[secrets_passphrase]
file = {folder}/passphrase
[storage_audited_memory]
audit_file = {folder}/audit
"""
RULE = 'big(n) :- os:facts("ID", id), builtin:size_bytes("2KiB", n)'


class ExampleTest(unittest.TestCase):
    """One environment for all tests: the first three leave it as it was."""

    folder: ClassVar[pathlib.Path]
    python: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(cls.folder / "venv")], check=True
        )
        cls.python = str(cls.folder / "venv" / "bin" / "python")
        site = cls.folder / "venv" / "lib" / pathlib.Path(sysconfig.get_path("purelib")).parent.name
        beside = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        (site / "site-packages" / "beside.pth").write_text(beside)
        cls.build()
        cls.pip("install", *map(str, sorted((cls.folder / "wheels").iterdir())))
        cls.configure()

    @classmethod
    def build(cls) -> None:
        """Build a wheel of each example, from copies, so that nothing is left in the tree."""
        copies = cls.folder / "examples"
        unwanted = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
        shutil.copytree(EXAMPLES, copies, ignore=unwanted)
        sources = [str(copies / f"congress-{kind}-example") for kind in KINDS]
        wheels = str(cls.folder / "wheels")
        cls.pip("wheel", "--no-build-isolation", "-w", wheels, *sources, python=sys.executable)

    @classmethod
    def pip(cls, command: str, *arguments: str, python: str = "") -> None:
        """Run pip upon the environment, or another one, without network."""
        options = ["--quiet", "--disable-pip-version-check", "--python", python or cls.python]
        offline = [] if command == "uninstall" else ["--no-index", "--no-deps"]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *options, command, *offline, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert not done.returncode, done.stdout + done.stderr

    @classmethod
    def configure(cls) -> None:
        (cls.folder / "congress.conf").write_text(CONFIGURATION.format(folder=cls.folder))
        (cls.folder / "passphrase").write_text("correct horse battery staple\n")
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        (cls.folder / "tokens").write_text(f"{digest} alice admin\n")

    def server(self, *arguments: str) -> list[str]:
        """The command line of a server in the environment."""
        program = ["-W", "ignore", "-m", "congress.cli.server"]
        return [self.python, *program, "--config-file", f"{self.folder}/congress.conf", *arguments]

    def entries(self) -> dict[str, dict[str, str]]:
        """What the environment's Congress says of the examples, by kind."""
        script = (
            "import json, dataclasses, logging\n"
            "from congress.kernel.inventory import list_entries\n"
            "from congress.kernel.options import new_conf\n"
            "from congress.kernel.plugins import NodePlugins\n"
            "logging.disable()\n"
            "conf = new_conf()\n"
            "conf([], default_config_files=[])\n"
            "print(json.dumps([dict(kind=e.kind, name=e.name, state=e.state, version=e.version,"
            " summary=e.summary) for e in list_entries(NodePlugins(conf), details=True)"
            " if e.distribution.endswith('-example')]))\n"
        )
        done = subprocess.run(
            [self.python, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
        )
        return {entry["kind"]: entry for entry in json.loads(done.stdout)}

    def test_1_all_are_found_and_usable(self) -> None:
        found = self.entries()
        self.assertEqual(set(KINDS), set(found))
        for entry in found.values():
            self.assertEqual(("usable", "1.0.0"), (entry["state"], entry["version"]), entry)
            self.assertTrue(entry["summary"])

    def test_2_the_configuration_can_be_used(self) -> None:
        done = subprocess.run(
            self.server("--check-config"), capture_output=True, text=True, check=False
        )
        self.assertEqual(0, done.returncode, done.stderr)

    def test_3_a_server_is_made_of_them(self) -> None:
        with (self.folder / "errors").open("w") as errors:
            process = subprocess.Popen(
                self.server(), stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            assert process.stdout
            select.select([process.stdout], [], [], DEADLINE)
            url = process.stdout.readline().strip().rpartition(" ")[2]
            self.assertTrue(url.startswith("http://127.0.0.1:"), self.errors())
            self.use(url)
            process.terminate()
            self.assertEqual(0, process.wait(DEADLINE), self.errors())
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        self.assertFalse((self.folder / "status.json").exists())

    def use(self, url: str) -> None:
        """Do with a server what takes every example."""
        self.assertEqual(401, self.call(f"{url}/v1/policies", token="")[0])
        status, _ = self.call(
            f"{url}/v1/data-sources", {"name": "os", "driver": "os-release", "config": {}}
        )
        self.assertEqual(201, status)
        self.assertEqual(201, self.call(f"{url}/v1/policies", {"name": "p"})[0])
        status, rule = self.call(f"{url}/v1/policies/p/rules", {"rule": RULE})
        self.assertEqual(201, status, rule)
        self.expect(
            lambda: self.rows(f"{url}/v1/policies/p/tables/big/rows") == [[2048]], "the builtin"
        )
        parts = json.loads((self.folder / "status.json").read_text())["parts"]
        self.assertLessEqual({"api", "bus", "storage"}, set(parts))
        self.assertIn('"actor": "alice"', (self.folder / "audit").read_text())
        self.assertEqual(1, len(list((self.folder / "bus").glob("*.sock"))))
        rows = self.rows(f"{url}/v1/data-sources/os/tables/facts/rows")
        self.assertIn("ID", [row[0] for row in rows])

    def rows(self, url: str) -> list[list[Any]]:
        status, answer = self.call(url)
        return [row["data"] for row in answer["results"]] if status == 200 else []

    def call(self, url: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "X-Auth-Token": token}
        request = urllib.request.Request(url, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def expect(self, condition: Any, what: str) -> None:
        deadline = time.monotonic() + DEADLINE
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}: {self.errors()}")
            select.select([], [], [], 0.05)

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def test_4_they_can_be_removed(self) -> None:
        self.pip("uninstall", "-y", *(f"congress-{kind}-example" for kind in KINDS))
        self.assertEqual({}, self.entries())
        done = subprocess.run(
            self.server("--check-config"), capture_output=True, text=True, check=False
        )
        self.assertEqual(2, done.returncode, done.stderr)
        for missing in (
            "bus transport 'unix'",
            "leader strategy 'preferred'",
            "storage backend 'audited-memory'",
            "node role 'status-file'",
            "API authentication 'token-file'",
            "secret store 'passphrase'",
        ):
            self.assertIn(f"there is no {missing}", done.stderr)
        self.assertFalse(any(os.scandir(self.folder / "bus")))
