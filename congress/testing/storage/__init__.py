"""The conformance suite of storage backends, for anybody who writes one.

May import the standard library, ``congress.interfaces`` and ``congress.model``.

Mix ``StorageSuite`` into a ``unittest.TestCase`` and say how to make a backend::

    class TestMine(StorageSuite, unittest.TestCase):
        def make_storage(self, bus_id: str) -> StorageBackend: ...

Every backend made within one test must share its contents with the others and
be empty when the test begins.
"""

from congress.testing.storage.catalogue import CatalogueSuite
from congress.testing.storage.execution import LeaseSuite, LedgerSuite
from congress.testing.storage.history import HistorySuite
from congress.testing.storage.pushed import PushedSuite
from congress.testing.storage.races import RaceSuite
from congress.testing.storage.rules import RuleSuite
from congress.testing.storage.transactions import TransactionSuite


class StorageSuite(
    CatalogueSuite,
    RuleSuite,
    PushedSuite,
    LedgerSuite,
    LeaseSuite,
    HistorySuite,
    TransactionSuite,
    RaceSuite,
):
    """All of it."""


__all__ = ["StorageSuite"]
