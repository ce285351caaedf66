"""SQLite files and configurations for the tests of the sql backend."""

import tempfile
import unittest
from pathlib import Path

from oslo_config import cfg
from oslo_db import options

from congress.interfaces.storage import StorageContext
from congress.plugins.storage.sql.backend import SqlStorage
from congress.testing.runtime import ManualClock


def make_conf(folder: str | Path, connection: str | None = None) -> cfg.ConfigOpts:
    """A configuration with a state folder, and a database if one is named."""
    conf = cfg.ConfigOpts()
    conf.register_opts([cfg.StrOpt("state_path", default=str(folder))])
    conf.register_opts(options.database_opts, "database")
    conf([])
    conf.set_override("connection", connection, "database")
    conf.set_override("max_retries", 0, "database")
    return conf


class FolderCase(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def storage(self, connection: str | None = None) -> SqlStorage:
        """A backend that is not open yet."""
        conf = make_conf(self.folder, connection)
        backend = SqlStorage({}, StorageContext("bus", ManualClock(), conf=conf))
        self.addCleanup(backend.close)
        return backend
