"""Everything starts anew at once: what was done is not done again, the rest is done right."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.ha.case import HACase


class RestartTest(HACase):
    """Two rules with actions of their own, over a file each."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(TemporaryDirectory()))
        self.settings = {"driver_file": {"roots": self.folder}}
        super().setUp()
        self.nodes = [
            *(self.cluster.engine(name) for name in ("pe-1", "pe-2")),
            self.cluster.datasources(),
        ]
        self.write(first="a", second="b")
        self.cluster.start(*self.nodes)
        api = self.nodes[0].api
        api.create_source("told", "notify")
        api.create_source("files", "file", path=str(self.folder), poll_time=0.5)
        for table in ("first", "second"):
            url = f"{self.receiver.url}/{table}"
            rule = f'execute[told:webhook("{url}", x)] :- files:{table}(x)'
            api.create_rule("classification", rule)

    def write(self, **values: str) -> None:
        """The value of the only row of each table."""
        for table, value in values.items():
            fresh = self.folder / f".{table}"
            fresh.write_text(f"what\n{value}\n")
            fresh.rename(self.folder / f"{table}.csv")

    def await_calls(self, *expected: str) -> None:
        """Exactly these calls were made, in whatever order."""

        def calls() -> list[str]:
            return [f"{one.path.rpartition('/')[2]} {one.payload}" for one in self.receiver.calls]

        self.cluster.wait(lambda: len(calls()) >= len(expected), f"{expected}")
        self.assertEqual(sorted(expected), sorted(calls()))

    def test_t08_rules_that_are_loaded_at_once_act_on_their_own_rows(self) -> None:
        self.await_calls("first a", "second b")
        for node in self.nodes:
            node.kill()
        self.write(second="c")
        self.cluster.start(*self.nodes)
        self.await_calls("first a", "second b", "second c")
        self.write(first="d")
        self.await_calls("first a", "first d", "second b", "second c")
