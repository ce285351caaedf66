"""``congress watch`` against a real server: what is new, as it happens."""

import os
import select
import subprocess
import sys
import time
import unittest

from tests.functional.system import DEADLINE, SCRIPTS, System, wait_until

SCHEMA = '{"servers": ["id", "size"]}'
RULE = "error(id) :- inventory:servers(id, size), builtin:gt(size, 4)"


class WatchTest(unittest.TestCase):
    def setUp(self) -> None:
        self.system = System(self)
        self.system.start()
        self.system.congress(
            "datasource", "create", "push", "inventory", "--config", f"tables={SCHEMA}"
        )
        self.push('[["vm1", 8]]')
        self.system.congress("rule", "create", "classification", RULE)
        wait_until(lambda: self.system.rows("classification", "error"), "the row is there")

    def push(self, rows: str) -> None:
        """Replace the rows of the source."""
        self.system.congress("datasource", "row", "update", "inventory", "servers", rows)

    def line(self, watch: "subprocess.Popen[bytes]") -> str:
        """The next line that a watch prints."""
        assert watch.stdout is not None
        end, found = time.monotonic() + DEADLINE, b""
        while not found.endswith(b"\n"):
            ready, _, _ = select.select([watch.stdout], [], [], end - time.monotonic())
            if not ready:
                raise AssertionError("nothing was printed in time")
            piece = os.read(watch.stdout.fileno(), 1)
            if not piece:
                raise AssertionError("the watch has ended")
            found += piece
        return found.decode().rstrip("\n")

    def test_rows_that_come_and_go(self) -> None:
        watch = subprocess.Popen(
            [
                *(sys.executable, str(SCRIPTS / "congress"), "--endpoint", self.system.url),
                *("watch", "classification", "error"),
            ],
            stdout=subprocess.PIPE,
        )
        try:
            self.assertEqual("# all rows (start)", self.line(watch))
            self.assertEqual('+ ["vm1"]', self.line(watch))
            self.push('[["vm2", 9]]')
            self.assertEqual(['- ["vm1"]', '+ ["vm2"]'], [self.line(watch) for _ in range(2)])
        finally:
            watch.kill()
            watch.communicate()

    def test_once_and_from_there(self) -> None:
        first = self.system.congress("watch", "classification", "error", "--once")
        mark = first.stdout.splitlines()[-1].removeprefix("# ")
        self.push('[["vm1", 8], ["vm3", 7]]')
        wait_until(lambda: len(self.system.rows("classification", "error")) == 2, "it is told")
        then = self.system.congress("watch", "classification", "error", "--once", "--since", mark)
        self.assertEqual(['+ ["vm3"]'], then.stdout.splitlines()[:-1])
