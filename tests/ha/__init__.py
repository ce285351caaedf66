"""Several nodes as processes, a real broker, a real database, and faults.

``script/services`` starts the servers and tells their addresses. Where it has not, there
are no tests here, except in CI: there each of them fails.

Each test has a bus and a database of its own, so tests may run side by side.
"""

import os
import pathlib
import unittest

from tests.ha.servers import BROKER

HERE = pathlib.Path(__file__).parent


def load_tests(
    loader: unittest.TestLoader, found: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """The tests of this folder, if there are servers or should be."""
    if BROKER in os.environ or "CI" in os.environ:
        found.addTests(loader.discover(str(HERE), pattern or "test*.py"))
    return found
