"""The sql backend on SQLite: the conformance suite, and what is its own."""

import shutil
import tempfile
import unittest
from pathlib import Path

from oslo_config import cfg
from oslo_db import options

from congress.interfaces.storage import StorageBackend, StorageContext
from congress.plugins.storage.sql.backend import SqlStorage
from congress.testing.runtime import ManualClock
from congress.testing.storage import StorageSuite


def make_conf(folder: str, connection: str | None = None) -> cfg.ConfigOpts:
    """A configuration with a state folder, and a database if one is named."""
    conf = cfg.ConfigOpts()
    conf.register_opts([cfg.StrOpt("state_path", default=folder)])
    conf.register_opts(options.database_opts, "database")
    conf([])
    conf.set_override("connection", connection, "database")
    return conf


class TestSqliteStorage(StorageSuite, unittest.TestCase):
    """Each test begins with a copy of one migrated file."""

    template: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.template.cleanup)
        storage = SqlStorage(
            {}, StorageContext("bus", ManualClock(), conf=make_conf(cls.template.name))
        )
        storage.open()
        storage.close()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clock = ManualClock()
        self.conf = make_conf(folder.name)
        shutil.copy(Path(self.template.name) / "congress.db", folder.name)
        super().setUp()

    def make_storage(self, bus_id: str) -> StorageBackend:
        return SqlStorage({}, StorageContext(bus_id, self.clock, conf=self.conf))
