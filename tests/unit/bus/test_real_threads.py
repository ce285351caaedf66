"""The same bus on real threads: what the simulation cannot show is that locks are right."""

import threading
import time
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

from congress.bus import Bus, BusOptions
from congress.interfaces.bus import BusContext
from congress.interfaces.role import Coverage, Epoch
from congress.kernel.clock import SystemClock
from congress.kernel.loop import SystemLoop
from congress.kernel.pool import SystemPool
from congress.kernel.threads import SystemThreads
from congress.model.delta import Delta, Snapshot
from congress.plugins.bus.inproc import InprocHub, InprocTransport
from congress.testing.buses import Recorder

QUICK = BusOptions(
    heartbeat_interval=lambda: 0.05, peer_timeout=lambda: 2.0, probe_timeout=lambda: 0.1
)


class RealThreadsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = SystemClock()
        self.threads = SystemThreads(self.clock)
        self.hub = InprocHub()

    def bus(self, node: str, options: BusOptions = QUICK) -> Bus:
        bus = Bus(
            InprocTransport({}, BusContext(self.clock, self.threads, self.hub)),
            bus_id="b",
            node=node,
            instance=node,
            clock=self.clock,
            threads=self.threads,
            options=options,
        )
        bus.start()
        self.addCleanup(bus.stop, 5)
        return bus

    def until(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while not condition():
            if time.monotonic() > deadline:
                self.fail("it did not come to hold")
            pause.wait(0.002)

    def waits(self) -> list[tuple[str, bool]]:
        """Each wait for a loop or a pool from now on, and whether it ended in time."""
        ended: list[tuple[str, bool]] = []

        def noting(wait: Callable[..., Any]) -> Callable[..., Any]:
            def noted(one: SystemLoop | SystemPool, *args: Any) -> Any:
                answer: Any = False
                try:
                    answer = wait(one, *args)
                finally:
                    ended.append((one.name, answer is not False))
                return answer

            return noted

        for kind, name in ((SystemLoop, "call"), (SystemLoop, "close"), (SystemPool, "close")):
            self.enterContext(mock.patch.object(kind, name, noting(getattr(kind, name))))
        return ended

    def test_publishers_on_many_threads_and_readers_on_all_nodes(self) -> None:
        options = BusOptions(
            heartbeat_interval=lambda: 0.05,
            probe_timeout=lambda: 0.1,
            message_bytes=lambda: 500,
            max_inbox_rows=lambda: 40,
        )
        buses = [self.bus(node, options) for node in ("a", "b", "c")]
        publisher = buses[0].publisher("s", Epoch(1, "e"))
        seen = [Recorder() for _ in buses]
        for bus, recorder in zip(buses, seen, strict=True):
            bus.subscribe("s", ["t", "u"], recorder.on_arrival, recorder.on_state)

        def publish(writer: int) -> None:
            for number in range(60):
                rows = frozenset([(writer, number)])
                publisher.publish(
                    [Delta("t", rows), Snapshot("u", rows)], {"t": Coverage(1.0, complete=True)}
                )

        writers = [threading.Thread(target=publish, args=(n,)) for n in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        final = {table: publisher.rows(table) for table in ("t", "u")}
        self.assertEqual(240, len(final["t"] or ()))
        self.until(lambda: all(recorder.tables == final for recorder in seen))
        self.assertEqual({}, self.threads.failures())

    def test_calls_from_many_threads(self) -> None:
        client, server = self.bus("client"), self.bus("server")
        server.serve("s", {"add": lambda a, b: a + b})
        self.until(lambda: any("s" in peer.services for peer in client.peers()))
        results: list[Any] = []

        def call(number: int) -> None:
            results.extend(
                client.call("s", "add", {"a": number, "b": n}, timeout=5) == number + n
                for n in range(20)
            )

        callers = [threading.Thread(target=call, args=(n,)) for n in range(8)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        self.assertEqual([True] * 160, results)

    def test_stopping_is_quick_and_leaves_no_thread(self) -> None:
        before = set(threading.enumerate())
        buses = [self.bus(node) for node in ("a", "b")]
        seen = Recorder()
        buses[0].publisher("s", Epoch(1, "e")).publish([Snapshot("t", frozenset({(1,)}))], {})
        buses[1].subscribe("s", ["t"], seen.on_arrival)
        self.until(lambda: "t" in seen.tables)
        buses[1].schema_of("s", 5)
        waits = self.waits()
        for bus in buses:
            bus.stop(5)
        self.assertEqual(set(), {name for name, ended in waits if not ended})
        waited = {name for name, _ in waits}
        self.assertLessEqual({"bus-control", "bus-data", "bus-delivery", "bus-events"}, waited)
        self.until(lambda: not set(threading.enumerate()) - before)
