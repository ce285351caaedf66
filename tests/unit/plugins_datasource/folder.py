"""A file datasource over a temporary folder."""

import pathlib
import tempfile
import unittest

from congress.interfaces.plugin import Scope
from congress.plugins.datasource.file import FileDriver
from congress.testing.datasource import complete_config, make_context, read_all
from congress.testing.runtime import ManualClock


class FolderCase(unittest.TestCase):
    """``self.folder`` is the one root; the clock stands long after every file was written."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        self.folder = self.root / "data"
        self.folder.mkdir()
        settings = complete_config(FileDriver, {"roots": [str(self.folder)]}, Scope.NODE)
        self.probe = make_context(settings=settings, clock=ManualClock(time=4e9))

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def problems(self, **options):
        config = complete_config(FileDriver, {"path": str(self.folder), **options})
        return list(FileDriver.check(config, self.probe.context.settings))

    def driver(self, **options):
        config = complete_config(FileDriver, {"path": str(self.folder), **options})
        driver = FileDriver(config, self.probe.context)
        self.addCleanup(driver.close)
        driver.open()
        return driver

    def read(self, driver, tables=None):
        """Plain rows by table, and the reasons of those that failed."""
        found, done = read_all(driver, self.probe, tables)
        self.assertEqual(not done.failed, done.complete)
        return found, done.failed or {}

    def columns(self, driver, table):
        return [(c.name, str(c.type)) for c in driver.schema().tables[table].columns]
