"""How nodes start, and how they find what changed without anybody telling them."""

import os
import subprocess
import sys
import tempfile
import unittest
import uuid
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_db import options

from congress.interfaces.storage import DatasourceRecord, StorageContext, Transaction
from congress.kernel.clock import SystemClock
from congress.plugins.storage.sql.backend import SqlStorage
from tests.functional.system import wait_until
from tests.ha.api import DEADLINE, Api
from tests.ha.case import HACase
from tests.ha.node import SERVER
from tests.ports import free_port


class PeriodTest(HACase):
    """A source that is put into the database behind everybody's back."""

    def begin(self, period: int, safety: int) -> None:
        """A node that looks at the database after so many seconds."""
        settings: dict[str, dict[str, Any]] = {
            "DEFAULT": {"datasource_sync_period": period},
            "dse": {"safety_resync_period": safety},
        }
        self.node = self.cluster.datasources(settings=settings)
        self.cluster.start(self.node)

    def insert(self) -> None:
        """As another program would; nobody is told."""
        conf = cfg.ConfigOpts()
        conf.register_opts(options.database_opts, "database")
        conf([])
        conf.set_override("connection", self.cluster.database.url, "database")
        storage = SqlStorage({}, StorageContext(self.cluster.bus, SystemClock(), conf=conf))
        storage.open()
        self.addCleanup(storage.close)

        def add(tx: Transaction) -> None:
            tx.datasources.add(DatasourceRecord(str(uuid.uuid4()), "late", "push"))

        storage.run(add)

    def await_source(self) -> None:
        self.cluster.wait(
            lambda: self.node.reports("datasource late runs here"), "the source is found"
        )

    def test_t13_a_period_of_one_second_finds_it(self) -> None:
        self.begin(period=1, safety=3600)
        self.insert()
        self.await_source()

    def test_t13_without_a_period_the_safety_net_finds_it(self) -> None:
        self.begin(period=0, safety=1)
        self.insert()
        self.await_source()

    def test_t13_a_long_period_does_not_delay_what_is_told(self) -> None:
        self.node = self.cluster.add(
            "all",
            *("--api", "--policy-engine", "--datasources"),
            settings={"DEFAULT": {"datasource_sync_period": 3600}},
        )
        self.cluster.start(self.node)
        self.node.api.create_source("late", "push")
        self.await_source()


class NothingSetTest(unittest.TestCase):
    """One process without a configuration file; the environment keeps it off this machine's
    own folders and ports."""

    def assert_serves(self, *command: str) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        port = free_port()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONWARNINGS": "ignore",
            "OS_DEFAULT__STATE_PATH": str(folder / "state"),
            "OS_DEFAULT__BIND_PORT": str(port),
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        api = Api(f"http://127.0.0.1:{port}")
        wait_until(lambda: api.status("GET", "/health/ready") == 200, f"{command} serves", DEADLINE)
        process.terminate()
        self.assertEqual(0, process.wait(DEADLINE), (folder / "log").read_text())

    def test_t13_the_console_script_starts_with_nothing_set(self) -> None:
        self.assert_serves(str(SERVER))

    def test_t13_the_path_of_the_script_starts_with_nothing_set(self) -> None:
        self.assert_serves(sys.executable, str(SERVER))
