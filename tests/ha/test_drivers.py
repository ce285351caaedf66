"""Drivers that hang, fail or ramble: the others of their node do not notice."""

from collections.abc import Callable
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

    def test_t23_drivers_that_misbehave_are_told_of_and_touch_no_others(self) -> None:
        for driver in ("hanging", "raising", "babbling", "rambling"):
            self.api.create_source(driver, driver)
        self.await_status("hanging", lambda told: told["message"] == "the poll does not end")
        self.await_status("raising", lambda told: "(ZeroDivisionError)" in told["message"])
        self.await_status("babbling", lambda told: "(AttributeError)" in told["message"])
        self.await_status("rambling", lambda told: told["tables"]["t"]["rejected"] == 1)
        self.api.await_push("box", "t", [["a"]])
        self.await_rows("classification", "q", [["a"]], self.engine)
        status, told = self.source.health()
        self.assertEqual((200, "degraded"), (status, told["services"]["datasources"]["status"]))
        self.assertEqual(0, self.source.terminate())

    def await_status(self, name: str, fits: Callable[[Any], bool]) -> None:
        """A source tells what is wrong with it."""

        def told() -> bool:
            detail = self.api.source_detail(name)
            return bool(detail) and fits(detail)

        self.cluster.wait(told, f"{name} tells what is wrong")
