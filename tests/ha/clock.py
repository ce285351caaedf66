"""The time of day of one node, which a test sets."""

import os
import pathlib
import struct

from tests.ha.node import ROOT, Node

SKEWED = pathlib.Path(__file__).with_name("skewed")


class Clock:
    """Made before the node starts."""

    def __init__(self, node: Node) -> None:
        self._file = node.folder / "clock"
        self._file.write_bytes(struct.pack("d", 0.0))
        node.environment["CONGRESS_TEST_CLOCK"] = str(self._file)
        node.environment["PYTHONPATH"] = os.pathsep.join((str(SKEWED), str(ROOT)))

    def step(self, seconds: float) -> None:
        """Let it be so many seconds ahead of the true time, from now on."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", seconds))
