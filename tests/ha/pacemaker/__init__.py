"""Pacemaker on two machines, and what it makes of the datasource node.

The machines are namespaces of Linux, with a network of their own; on the host there is
nothing of them but processes. That takes root and what ``script/services tools`` installs.
Where something is missing there are no tests here, except in CI: there each of them fails.
"""

import os
import pathlib
import unittest

from tests.ha.pacemaker.machine import missing

HERE = pathlib.Path(__file__).parent


def load_tests(
    loader: unittest.TestLoader, found: unittest.TestSuite, pattern: str | None
) -> unittest.TestSuite:
    """The tests of this folder, if they can run or should."""
    if "CI" in os.environ or not missing():
        found.addTests(loader.discover(str(HERE), pattern or "test*.py"))
    return found
