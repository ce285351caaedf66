"""Word to the service manager."""

import os
import socket
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from congress.kernel import systemd


class NotifyTest(unittest.TestCase):
    def notify(self, address: str) -> bool:
        with mock.patch.dict(os.environ, {"NOTIFY_SOCKET": address}):
            return systemd.notify(systemd.READY)

    def test_the_word_arrives(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for name in (str(Path(folder) / "notify"), f"\0congress-test-{os.getpid()}"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
                receiver.bind(name)
                self.assertTrue(self.notify(name.replace("\0", "@")))
                self.assertEqual(b"READY=1", receiver.recv(100))

    def test_without_a_manager_nothing_happens(self) -> None:
        self.assertFalse(self.notify(""))

    def test_a_manager_that_is_gone_does_no_harm(self) -> None:
        with self.assertLogs("congress.kernel.systemd", "WARNING"):
            self.assertFalse(self.notify("/nonexistent/notify"))

    def test_the_watchdog_is_fed_twice_as_often_as_asked(self) -> None:
        for environment, expected in (
            ({}, None),
            ({"WATCHDOG_USEC": "3000000"}, 1.5),
            ({"WATCHDOG_USEC": "x"}, None),
            ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ):
            with mock.patch.dict(os.environ, environment):
                self.assertEqual(expected, systemd.watchdog_interval())
