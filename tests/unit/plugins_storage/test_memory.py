"""The memory backend under the conformance suite, and what is its own."""

import unittest
from types import SimpleNamespace

from congress.interfaces.storage import Fence, Fenced, StorageBackend, StorageContext
from congress.plugins.storage.limits import PUSH_KEY_AGE
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.testing.runtime import ManualClock
from congress.testing.storage import StorageSuite
from congress.testing.storage.case import a_datasource, a_policy


class TestMemoryStorage(StorageSuite, unittest.TestCase):
    def setUp(self) -> None:
        self.hub = MemoryHub()
        self.clock = ManualClock()
        super().setUp()

    def make_storage(self, bus_id: str) -> StorageBackend:
        return MemoryStorage({}, StorageContext(bus_id, self.clock, hub=self.hub))

    def test_leases_expire_by_the_injected_clock(self) -> None:
        with self.writing() as tx:
            tx.leases.acquire("r", "a", 5)
        self.clock.advance(4.9)
        with self.writing(Fence("r", "a", 1)) as tx:
            self.assertIsNone(tx.leases.acquire("r", "b", 5))
        self.clock.advance(0.2)
        with self.assertRaises(Fenced), self.writing(Fence("r", "a", 1)) as tx:
            tx.policies.add(a_policy())
        with self.writing() as tx:
            taken = tx.leases.acquire("r", "b", 5)
        self.assertEqual(taken and taken.epoch, 2)

    def test_keys_of_pushes_are_forgotten_in_time(self) -> None:
        with self.writing() as tx:
            tx.datasources.add(a_datasource())
            tx.pushed.seen("id-nova", "k")
        self.clock.advance(PUSH_KEY_AGE - 1)
        with self.writing() as tx:
            self.assertTrue(tx.pushed.seen("id-nova", "k"))
        self.clock.advance(2)
        with self.writing() as tx:
            self.assertFalse(tx.pushed.seen("id-nova", "k"))

    def test_a_write_inside_a_write_is_told_so(self) -> None:
        with self.writing(), self.assertRaises(RuntimeError), self.writing():
            self.fail("two write transactions of one thread")

    def test_reading_inside_a_write_shows_what_is_committed(self) -> None:
        with self.writing() as tx:
            tx.policies.add(a_policy())
            with self.reading() as inner:
                self.assertIsNone(inner.policies.get("net"))


class TestMemoryHub(unittest.TestCase):
    def backend(self, hub: object) -> MemoryStorage:
        return MemoryStorage({}, StorageContext("bus", ManualClock(), hub=hub))

    def test_contents_live_in_whatever_the_nodes_share(self) -> None:
        for hub in ({}, SimpleNamespace(), MemoryHub()):
            with self.subTest(hub=type(hub).__name__):
                self.backend(hub).run(lambda tx: tx.policies.add(a_policy()))
                found = self.backend(hub).read(lambda tx: tx.policies.get("net"))
                self.assertEqual(found, a_policy())

    def test_without_a_hub_each_backend_is_alone(self) -> None:
        self.backend(None).run(lambda tx: tx.policies.add(a_policy()))
        self.assertIsNone(self.backend(None).read(lambda tx: tx.policies.get("net")))

    def test_something_else_in_the_place_of_the_contents_is_an_error(self) -> None:
        with self.assertRaises(TypeError):
            self.backend({"storage": "other"})
