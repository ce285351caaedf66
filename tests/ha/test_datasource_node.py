"""The datasource node dies, comes back, comes late: every policy engine has the truth."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.ha.case import HACase


class DatasourceNodeTest(HACase):
    """Two engines, and a file of which every line is a row."""

    def setUp(self) -> None:
        folder = self.enterContext(TemporaryDirectory())
        self.settings = {"driver_file": {"roots": folder}}
        self.file = Path(folder) / "seen.csv"
        super().setUp()
        self.engines = [self.cluster.engine(name) for name in ("pe-1", "pe-2")]
        self.one, self.two = self.engines
        self.source = self.cluster.datasources()

    def write(self, *values: str) -> None:
        """The rows that there are from now on, whether somebody reads them or not."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text("\n".join(("what", *values, "")))
        fresh.rename(self.file)

    def begin(self) -> None:
        """Both engines have what the file holds at first."""
        self.write("a", "b")
        self.cluster.start(*self.engines, self.source)
        self.one.api.create_source("box", "file", path=str(self.file), poll_time=0.5)
        self.one.api.create_rule("classification", "alarm(x) :- box:seen(x)")
        self.await_values(("a", "b"), *self.engines)

    def await_values(self, values: Iterable[str], *nodes: Any) -> None:
        self.await_rows("classification", "alarm", [[value] for value in values], *nodes)

    def move(self) -> None:
        """Start the node on another host."""
        self.source = self.cluster.datasources(host="other-host")
        self.cluster.start(self.source)

    def test_t01_rows_that_change_while_nobody_reads_them_reach_every_engine(self) -> None:
        self.begin()
        self.source.kill()
        self.write("b", "c")
        self.move()
        self.await_values(("b", "c"), *self.engines)
        self.write("d")
        self.await_values(("d",), *self.engines)

    def test_t02_an_engine_that_hears_of_the_new_node_later_has_the_same(self) -> None:
        self.begin()
        self.two.pause()
        self.source.kill()
        self.write("b", "c")
        self.move()
        self.await_values(("b", "c"), self.one)
        self.write("c", "d")
        self.await_values(("c", "d"), self.one)
        self.two.resume()
        self.await_values(("c", "d"), self.two)
        self.write("e")
        self.await_values(("e",), *self.engines)

    def test_t03_engines_that_are_there_first_get_the_rows_without_a_restart(self) -> None:
        self.write("a")
        self.cluster.start(*self.engines)
        self.one.api.create_rule("classification", "alarm(x) :- box:seen(x)")
        self.await_values((), *self.engines)
        self.cluster.start(self.source)
        self.two.api.create_source("box", "file", path=str(self.file), poll_time=0.5)
        self.await_values(("a",), *self.engines)
        self.write("a", "b")
        self.await_values(("a", "b"), *self.engines)
