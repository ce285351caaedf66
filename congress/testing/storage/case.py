"""What the parts of the storage suite share: backends and sample records.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

import unittest
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from congress.interfaces.plugin import OptionValue
from congress.interfaces.storage import (
    DatasourceRecord,
    Fence,
    LedgerEntry,
    LibraryRecord,
    StorageBackend,
    Transaction,
)
from congress.model.action import ActionState, DesiredAction
from congress.model.policy import PolicyDef, PolicyKind, RuleDef

if TYPE_CHECKING:
    Case = unittest.TestCase
else:
    Case = object

#: A text that trips up whoever is careless about encodings: beyond the basic
#: plane, combining, a NUL, half a surrogate pair, the escape of our own, quotes.
AWKWARD = "Ä\U0001f600 e\u0301 \x00\ud800\x1a%_\\'\" "

#: A name that does so, too: names have no control characters.
AWKWARD_NAME = "Ä\U0001f600 e\u0301 %_\\'\" "


class StorageCase(Case):
    """A test with a storage backend."""

    def make_storage(self, bus_id: str) -> StorageBackend:
        """A backend that is not open yet; all of one test share their contents."""
        raise AssertionError(f"{type(self).__name__} does not say how to make a backend")

    def setUp(self) -> None:
        super().setUp()
        self.storage = self.opened("bus")

    def opened(self, bus_id: str) -> StorageBackend:
        """Another backend over the same contents, closed when the test ends."""
        backend = self.make_storage(bus_id)
        backend.open()
        self.addCleanup(backend.close)
        return backend

    def writing(self, fence: Fence | None = None) -> AbstractContextManager[Transaction]:
        """A write transaction."""
        return self.storage.transaction(write=True, fence=fence)

    def reading(self) -> AbstractContextManager[Transaction]:
        """A read transaction."""
        return self.storage.transaction()


def a_policy(name: str = "net", policy_id: str = "") -> PolicyDef:
    """A policy whose id follows from its name."""
    return PolicyDef(policy_id or f"id-{name}", name, PolicyKind.NONRECURSIVE, name[:5], "text")


def a_rule(rule_id: str = "r1", policy: str = "net", text: str = "p(x) :- q(x)") -> RuleDef:
    """A rule with a name and a comment."""
    return RuleDef(rule_id, policy, text, name="a rule", comment="why")


def a_datasource(name: str = "nova", datasource_id: str = "") -> DatasourceRecord:
    """A datasource with every kind of option value."""
    config: dict[str, OptionValue] = {"user": "u", "port": 1, "ratio": 1.5, "on": True}
    return DatasourceRecord(
        id=datasource_id or f"id-{name}",
        name=name,
        driver="file",
        config={**config, "nothing": None, "list": [1, "a", {"b": None}]},
        description="text",
        sealed=("user",),
    )


def a_library_policy(name: str = "lib") -> LibraryRecord:
    """A library policy with one rule."""
    rule = {"rule": "p(x) :- q(x)", "comment": None}
    return LibraryRecord(f"id-{name}", name, "nonrecursive", name[:5], "text", (rule,), "d")


def an_entry(key: str = "k", datasource: str = "nova", at: float = 1.0) -> LedgerEntry:
    """A ledger entry of an action that has just risen."""
    return LedgerEntry(
        key=key,
        desired=DesiredAction("action", "rule", datasource, "stop", ("a", 1, 1.5, None)),
        generation=1,
        active=True,
        state=ActionState.NEW,
        created_at=at,
        updated_at=at,
    )
