"""The lossy transport: a proper transport while it is quiet, and bad on purpose otherwise."""

from collections.abc import Callable

from congress.interfaces.bus import BusContext, BusTransport, Channel, TimedOut, Unreachable
from congress.testing.bus import TransportSuite
from congress.testing.lossy import ROUGH, Faults, LossyNetwork, LossyTransport
from congress.testing.runtime import ManualClock, SimTestCase, SimThreads


class QuietLossyTest(TransportSuite, SimTestCase):
    seed = 3

    def setUp(self) -> None:
        super().setUp()
        self.network = LossyNetwork(self.threads)

    def make_transport(self, node: str) -> BusTransport:
        return LossyTransport({}, BusContext(self.clock, self.threads.group(node), self.network))

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        return self.threads.wait(condition, self.now() + timeout)

    def now(self) -> float:
        return self.clock.monotonic()

    def together(self, jobs: list[Callable[[], object]]) -> None:
        pool = self.threads.pool("together", len(jobs), 0)
        for job in jobs:
            pool.submit(job)
        pool.close(self.patience * 4)

    def test_a_handler_that_fails_does_no_harm(self) -> None:
        with self.assertLogs("congress.testing"):
            super().test_a_handler_that_fails_does_no_harm()
        self.threads.errors.clear()

    def test_it_needs_a_network(self) -> None:
        for threads, hub in [(self.threads, self.network), (self.threads.group("a"), None)]:
            with self.assertRaises(TypeError):
                LossyTransport({}, BusContext(self.clock, threads, hub))

    def test_a_killed_node_is_out_of_reach(self) -> None:
        one, _two = self.stations("a", "b")
        self.threads.group("b").kill()
        with self.assertRaises(Unreachable):
            one.transport.call("b", b"1", self.now() + 1)

    def test_a_halted_node_does_not_answer(self) -> None:
        one, _two = self.stations("a", "b")
        self.threads.group("b").pause()
        with self.assertRaises(TimedOut):
            one.transport.call("b", b"1", self.now() + 1)
        self.threads.group("b").resume()

    def test_partitions_cut_both_ways_blocks_one(self) -> None:
        one, two = self.stations("a", "b")
        self.network.block("a", "b")
        one.transport.send("b", b"1")
        two.transport.send("a", b"2")
        self.clock.advance(1)
        self.assertEqual(([], [b"2"]), (two.payloads(Channel.DATA), one.payloads(Channel.DATA)))
        self.network.heal()
        self.network.partition(["a"])
        one.transport.send("b", b"3")
        two.transport.send("a", b"4")
        self.clock.advance(1)
        self.assertEqual([b"2"], one.payloads(Channel.DATA))
        self.assertEqual([], two.payloads(Channel.DATA))


class RoughTest(SimTestCase):
    def history(self, seed: int, faults: Faults) -> list[bytes]:
        clock = ManualClock()
        threads = SimThreads(clock, seed)
        network = LossyNetwork(threads, seed, faults)
        received: list[bytes] = []
        ends = [
            LossyTransport({}, BusContext(clock, threads.group(node), network)) for node in "ab"
        ]
        for node, end in zip("ab", ends, strict=True):
            end.open("x", node, node, lambda channel, sender, p: received.append(p), lambda s, p: p)
        for number in range(100):
            ends[0].send("b", b"%d" % number)
            clock.advance(0.01)
        clock.advance(5)
        for end in ends:
            end.close(1)
        return received

    def test_messages_are_lost_repeated_and_reordered(self) -> None:
        received = self.history(1, ROUGH)
        self.assertLess(len(set(received)), 100)
        self.assertGreater(len(received), len(set(received)))
        self.assertNotEqual(sorted(received, key=int), received)

    def test_equal_seeds_give_equal_faults(self) -> None:
        self.assertEqual(self.history(1, ROUGH), self.history(1, ROUGH))
        self.assertNotEqual(self.history(1, ROUGH), self.history(2, ROUGH))
