"""What the kernel's tests share: configuration from a text, a shelf of plugins, a bus."""

import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg

from congress.interfaces.role import Bus
from congress.kernel.catalogue import OWN_DISTRIBUTION
from congress.kernel.options import new_conf
from congress.model.status import Health
from congress.testing import plugins

FAKES = {
    "bus": {"fake": plugins.FAKE_TRANSPORT},
    "role": {"fake": plugins.FAKE_ROLE},
    "storage": {"fake": "congress.plugins.storage.memory:MemoryStorage"},
}
FAKE_NODE = "[node]\nroles = fake\nid = n1\n[dse]\ntransport = fake\n[storage]\nbackend = fake\n"

DRIVER = '''
from congress.interfaces.datasource import DatasourceDriver
from congress.interfaces.plugin import Option, PluginInfo, Scope
from congress.model.schema import Schema

class Driver(DatasourceDriver):
    """A driver without tables."""

    @classmethod
    def describe(cls):
        return PluginInfo("x", "A test.", (%s))

    def schema(self):
        return Schema()
'''


class FakeBus(Bus):
    """A bus that starts, stops and fails as told."""

    name = "bus"

    def __init__(self, transport: Any, **arguments: Any) -> None:
        self.transport = transport
        self.arguments = arguments
        self.node = arguments["node"]
        self.instance = arguments["instance"]
        self.events: list[str] = []
        self.fails: Exception | None = None
        self.state = Health()

    def start(self) -> None:
        self.events.append("start")
        if self.fails:
            raise self.fails

    def stop(self, timeout: float) -> None:
        self.events.append("stop")

    def health(self) -> Health:
        return self.state


class KernelTestCase(unittest.TestCase):
    """A test with an empty shelf on the path."""

    def setUp(self) -> None:
        super().setUp()
        self.shelf = self.enterContext(plugins.Shelf())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def conf(self, text: str = "", *arguments: str) -> cfg.ConfigOpts:
        """Options as if a file had this text."""
        file = self.folder / "congress.conf"
        file.write_text(text if text.lstrip().startswith("[") else f"[DEFAULT]\n{text}")
        conf = new_conf(cli=True)
        conf(list(arguments), project="congress", default_config_files=[str(file)])
        conf.set_override("state_path", str(self.folder / "state"))
        return conf

    def install_driver(
        self, distribution: str, name: str = "acme", *, source: str = "", version: str = "1.0"
    ) -> None:
        """Install a distribution with one driver, sound unless another source is given."""
        module = distribution.replace("-", "_") + "_module"
        self.shelf.install(
            distribution,
            {"driver": {name: f"{module}:Driver"}},
            version=version,
            modules={module: source or DRIVER % ""},
        )

    def install_fakes(self, **more: Mapping[str, str]) -> None:
        """Install a fake transport, role and storage."""
        self.shelf.install("fakes", {**FAKES, **more})


__all__ = ["DRIVER", "FAKES", "FAKE_NODE", "OWN_DISTRIBUTION", "FakeBus", "KernelTestCase"]
