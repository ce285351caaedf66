"""Two processes of one node do not share a state folder."""

import tempfile
import unittest
from pathlib import Path

from congress.kernel.node_lock import NodeLock
from congress.model.diagnostic import Refused


class NodeLockTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def lock(self, node: str, folder: Path | None = None) -> NodeLock:
        lock = NodeLock(folder or self.folder / "state", node)
        self.addCleanup(lock.release)
        return lock

    def test_one_process_of_a_name_at_a_time(self) -> None:
        first = self.lock("n1")
        with self.assertRaises(Refused) as caught:
            self.lock("n1")
        (problem,) = caught.exception.diagnostics
        self.assertEqual(("duplicate", "--node-id"), (problem.code, problem.where))
        self.lock("n2")
        self.lock("n1", self.folder / "elsewhere")
        first.release()
        self.lock("n1")

    def test_a_folder_that_cannot_be_used_is_for_others_to_tell(self) -> None:
        (self.folder / "file").touch()
        self.lock("n1", self.folder / "file").release()
