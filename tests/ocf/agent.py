"""The agent as a cluster manager calls it, with all its files in one folder."""

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AGENT = ROOT / "script/ocf/congress-datasource"
SERVER = Path(sysconfig.get_path("scripts")) / "congress-server"

#: Seconds any action may take, a little more than the cluster manager would allow.
DEADLINE = 90.0

SUCCESS, GENERIC, UNIMPLEMENTED, INSTALLED, CONFIGURED, NOT_RUNNING = 0, 1, 3, 5, 6, 7

#: The broker of this configuration is away.
CONFIG = """[DEFAULT]
state_path = {folder}/state
transport_url = rabbit://congress:congress@127.0.0.1:1/
"""

#: A server that tells the health in the file ``health`` and, asked to end, takes the seconds
#: in the file ``drain``.
STUB = """#!{python}
import pathlib, signal, sys, threading
from congress.kernel.clock import SystemClock
from congress.kernel.health_socket import HealthSocket
from congress.kernel.threads import SystemThreads
from congress.model.status import Health, State

folder = pathlib.Path({folder!r})
(folder / "arguments").write_text("\\n".join(sys.argv[1:]))
path = sys.argv[sys.argv.index("--node-health-socket") + 1]

def health():
    told = Health(State((folder / "health").read_text()), "the reason")
    return {{"storage": Health(), "bus": told}}

ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
HealthSocket(path, "stub", health, SystemThreads(SystemClock())).start()
ended.wait()
threading.Event().wait(float((folder / "drain").read_text()))
(folder / "drained").touch()
"""


class AgentCase(unittest.TestCase):
    """A folder with a configuration, and the agent with parameters that stay in it."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder.chmod(0o755)
        self.config = self.folder / "congress.conf"
        self.config.write_text(CONFIG.format(folder=self.folder))
        self.log = self.folder / "log"
        self.pid_file = self.folder / "run/congress-datasource-ds.pid"
        self.environment = {
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "PYTHONWARNINGS": "ignore",
            "PYTHONPATH": str(ROOT),
            "HA_RSCTMP": str(self.folder / "run"),
            "OCF_ROOT": "/usr/lib/ocf",
            "OCF_RESOURCE_INSTANCE": "ds",
            "OCF_RESKEY_CRM_meta_timeout": "60000",
        }
        self.set(config=self.config, binary=SERVER, log=self.log)
        self.addCleanup(self.run_action, "stop", OCF_RESKEY_CRM_meta_timeout="1000")

    def set(self, **parameters: object) -> None:
        """Set parameters of the resource."""
        self.environment |= {f"OCF_RESKEY_{name}": str(one) for name, one in parameters.items()}

    def use_stub(self, health: str = "ok", drain: float = 0) -> None:
        """Have the stub for the server."""
        stub = self.folder / "stub"
        stub.write_text(STUB.format(python=sys.executable, folder=str(self.folder)))
        stub.chmod(0o755)
        (self.folder / "health").write_text(health)
        (self.folder / "drain").write_text(str(drain))
        self.set(binary=stub)

    def run_action(self, action: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run one action of the agent to its end."""
        return subprocess.run(
            [AGENT, action],
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )

    def expect(self, code: int, action: str, **more: str) -> str:
        """Run an action that must end with a code; what it said on stderr."""
        done = self.run_action(action, **more)
        log = self.log.read_text() if self.log.exists() else ""
        self.assertEqual(code, done.returncode, f"{action}: {done.stderr}\n{log}")
        return done.stderr

    def pid(self) -> int:
        """The process that the agent started."""
        return int(self.pid_file.read_text().split()[0])

    def kill(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        os.kill(self.pid(), number)
