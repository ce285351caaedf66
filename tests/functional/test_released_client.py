"""The released python-congressclient, all of its commands, against a server without credentials."""

import unittest

from tests.functional.live_server import LiveServer
from tests.functional.released_client import ReleasedClientSuite


class ReleasedClientTest(ReleasedClientSuite, unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.run_against(LiveServer())
