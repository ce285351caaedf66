"""The Congress of OpenStack, in a process of its own, for it needs Python 3.8.

May import the standard library and this folder only. It refuses recursion, so it gets
the rules without, and evaluates from the top down at each question: to evaluate is to
ask for every derived table. A change costs what follows from it twice, since triggers
compare what was there before with what is there after.

Invariant: its processor time is what its process spends on calls, as told by itself.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench.engines.protocol import Unavailable
from bench.engines.sql import heads
from bench.inventory import Rows

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "venv-original" / "bin" / "python"
#: So many rows are handed over at once: JSON of all would leave holes in its memory.
AT_ONCE = 1000
WORKER = Path(__file__).with_name("original_worker.py")


class Original:
    """A process with one policy, spoken to by lines of JSON."""

    name = "original"
    largest = 10_000
    recursive = False

    def __init__(self, text: str) -> None:
        if not PYTHON.exists():
            raise Unavailable("there is no Python 3.8 for it, or its packages did not install")
        self._heads = heads(text)
        self._process = subprocess.Popen(
            [PYTHON, "-E", "-W", "ignore", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            self.insert(text)
        except (RuntimeError, BrokenPipeError) as error:
            self.close()
            raise Unavailable("its process does not start") from error

    def close(self) -> None:
        """See ``Contender.close``."""
        self._process.communicate()

    def _call(self, name: str, *arguments: object) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the original Congress ended at {name}")
        return json.loads(line)

    def clock(self) -> float:
        """See ``Contender.clock``."""
        return float(self._call("clock"))

    def resident(self) -> int:
        """The bytes of memory its process holds."""
        return int(self._call("resident"))

    def insert(self, text: str) -> None:
        """Add rules."""
        self._call("insert", text)

    def hold(self, tables: dict[str, Rows]) -> None:
        """Hand over rows, some at a time; they are loaded later."""
        for table, rows in tables.items():
            for start in range(0, len(rows), AT_ONCE):
                self._call("hold", table, rows[start : start + AT_ONCE])

    def load(self, tables: dict[str, Rows]) -> None:
        """See ``Contender.load``."""
        self.hold(tables)
        self.load_held()

    def load_held(self) -> None:
        """Load the rows that were handed over."""
        self._call("load")

    def evaluate(self) -> None:
        """See ``Contender.evaluate``."""
        self._call("evaluate", self._heads)

    def counts(self) -> dict[str, int]:
        """The number of rows that the last evaluation derived."""
        return dict(self._call("counts"))

    def update(self, table: str, added: Rows, removed: Rows) -> None:
        """Change base rows; a trigger watches the errors from the first time on."""
        self._call("update", table, added, removed)

    def lookup(self, table: str, first: str) -> list[tuple[object, ...]]:
        """See ``Contender.lookup``."""
        return [tuple(row) for row in self._call("lookup", table, first)]
