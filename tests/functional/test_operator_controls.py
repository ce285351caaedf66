"""What an operator may do to a running server: switch actions off and on, and end it."""

import os
import pathlib
import signal
import threading
import unittest

import requests

from tests.functional.system import System, wait_until

ROWS = "/v1/data-sources/box/tables/t/rows"
SWITCH = "[DEFAULT]\nenable_execute_action = {}\n"


class OperatorTest(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.system = System(self)
        self.system.start()
        self.system.create("/v1/data-sources", name="notify", driver="notify")
        self.system.create(
            "/v1/data-sources", name="box", driver="push", config={"tables": {"t": ["a"]}}
        )
        self.system.create(
            "/v1/policies/classification/rules", rule="execute[notify:log(x)] :- box:t(x)"
        )

    def states(self) -> dict[str, list[str]]:
        """The states of the entries of the ledger, by what was to be logged."""
        found: dict[str, list[str]] = {}
        for entry in self.system.ledger():
            found.setdefault(entry["arguments"][0], []).append(entry["state"])
        return found

    def await_states(self, **expected: list[str]) -> None:
        wait_until(lambda: self.states() == expected, f"the ledger holds {expected}")

    def reload(self, enabled: bool) -> None:
        """Write the switch into the configuration and send SIGHUP."""
        assert self.system.process is not None
        text = self.system.config.read_text().partition("[DEFAULT]\nenable")[0]
        self.system.config.write_text(text + SWITCH.format(enabled))
        seen = self.system.log.read_text().count("reloaded")
        self.system.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: self.system.log.read_text().count("reloaded") > seen, "it has read the file"
        )

    def test_actions_that_are_switched_off_are_never_made_up_for(self) -> None:
        self.system.push(ROWS, "first")
        self.await_states(first=["done"])
        self.reload(False)
        self.system.push(ROWS, "first", "second")
        self.await_states(first=["done"], second=["suppressed"])
        self.reload(True)
        self.system.push(ROWS, "first", "second", "third")
        self.await_states(first=["done"], second=["suppressed"], third=["done"])
        self.system.kill()
        self.system.start()
        self.system.push(ROWS, "first", "second", "third", "fourth")
        self.await_states(first=["done"], second=["suppressed"], third=["done"], fourth=["done"])
        self.assertEqual(0, self.system.log.read_text().count(" second"))

    def worked(self) -> float:
        """Seconds of the processors' that the server has taken, whatever else they do."""
        assert self.system.process is not None
        stat = pathlib.Path(f"/proc/{self.system.process.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def test_ten_thousand_rows_are_through_in_seconds(self) -> None:
        rule = "long(x) :- box:t(x), len(x, n), gt(n, 4)"
        self.system.create("/v1/policies/classification/rules", rule=rule)
        self.reload(False)
        before = self.worked()
        self.system.push(ROWS, *(str(number) for number in range(20_000)))
        wait_until(
            lambda: len(self.system.rows("classification", "long")) == 10_000, "all have arrived"
        )
        self.assertLess(self.worked() - before, 5)
        self.system.push(ROWS)
        wait_until(lambda: not self.system.rows("classification", "long"), "all have gone")

    def test_it_ends_in_order_under_load(self) -> None:
        stop = threading.Event()
        pushed: list[int] = []

        def load() -> None:
            with requests.Session() as session:
                url = f"{self.system.url}/v1/data-sources/box/tables/t/rows"
                while not stop.is_set():
                    number = len(pushed)
                    rows = [[f"{number}-{index}"] for index in range(50)]
                    try:
                        answer = session.put(url, json=rows, timeout=30)
                    except requests.RequestException:
                        return
                    pushed.append(answer.status_code)

        pushers = [threading.Thread(target=load) for _ in range(3)]
        for one in pushers:
            one.start()
        wait_until(lambda: len(pushed) > 5, "it is under load")
        code = self.system.terminate()
        stop.set()
        for one in pushers:
            one.join()
        self.assertEqual(0, code, self.system.tail())
        self.assertNotIn("Traceback", self.system.log.read_text())
        self.assertLessEqual(set(pushed), {200, 503})
