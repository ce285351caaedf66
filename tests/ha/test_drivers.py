"""Drivers that hang, fail or ramble: the others of their node do not notice."""

from typing import Any

from tests.ha.case import HACase
from tests.ha.drivers import ENDPOINTS


class DriversTest(HACase):
    """All of them beside a source that works."""

    settings = {
        "DEFAULT": {"custom_driver_endpoints": ENDPOINTS, "shutdown_timeout": 4},
        "datasources": {"poll_timeout": 2},
    }

    def setUp(self) -> None:
        super().setUp()
        self.engine = self.cluster.engine("pe-1")
        self.source = self.cluster.datasources()
        self.cluster.start(self.engine, self.source)
        self.api = self.engine.api
        self.api.create_source("box", "push", tables={"t": ["x"]})
        self.api.create_rule("classification", "q(x) :- box:t(x)")

    def await_fault(self, driver: str, *words: str) -> None:
        """A source of a driver tells what is wrong with it."""
        self.api.create_source("odd", driver)

        def detail() -> Any:
            found = self.api.source_status("odd")["detail"]
            return found if found["state"] in ("degraded", "failed") else None

        text = str(self.cluster.wait(detail, f"{driver} is not well"))
        for word in words:
            self.assertIn(word, text)
        self.assert_others_work()

    def assert_others_work(self) -> None:
        """A push comes through, the node is ready, and it ends in order."""
        self.api.await_push("box", "t", [["a"]])
        self.await_rows("classification", "q", [["a"]], self.engine)
        status, told = self.source.health()
        self.assertEqual(200, status)
        self.assertIn("datasource odd", str(told))
        self.assertEqual(0, self.source.terminate())

    def test_t23_a_driver_that_never_answers(self) -> None:
        self.await_fault("hanging", "the poll does not end")

    def test_t23_a_driver_that_cannot_be_made(self) -> None:
        self.await_fault("raising", "in its constructor")

    def test_t23_a_driver_that_gives_garbage(self) -> None:
        self.await_fault("rambling", "elsewhere")
