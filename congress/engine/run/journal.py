"""How to take back what a transaction has done so far.

May import the standard library only.

Invariant: rolling back restores every noted change, the last one first; what is
restored equals what was there, though dictionaries may order it differently.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")

_ABSENT: Any = object()


class Journal:
    """The changes of the transaction in progress."""

    def __init__(self) -> None:
        self._entries: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def note(self, undo: Callable[..., object], *arguments: Any) -> None:
        """Remember the call that takes a change back, before making the change."""
        self._entries.append((undo, arguments))

    def commit(self) -> None:
        """Forget how to take anything back."""
        self._entries.clear()

    def rollback(self) -> None:
        """Take everything back."""
        entries, self._entries = self._entries, []
        for undo, arguments in reversed(entries):
            undo(*arguments)
        self._entries.clear()


class JournaledDict(dict[Key, Item]):
    """A dictionary that notes how to undo each change of one key."""

    __slots__ = ("_journal",)

    def __init__(
        self, journal: Journal, items: Mapping[Key, Item] | Iterable[tuple[Key, Item]] = ()
    ) -> None:
        super().__init__(items)
        self._journal = journal

    def _restore(self, key: Key, item: Item) -> None:
        if item is _ABSENT:
            super().pop(key, None)
        else:
            super().__setitem__(key, item)

    def _note(self, key: Key) -> None:
        self._journal.note(self._restore, key, super().get(key, _ABSENT))

    def __setitem__(self, key: Key, item: Item) -> None:
        self._note(key)
        super().__setitem__(key, item)

    def __delitem__(self, key: Key) -> None:
        self._note(key)
        super().__delitem__(key)

    def pop(self, key: Key, *default: Any) -> Any:
        """Remove a key; as ``dict.pop``."""
        if key in self:
            self._note(key)
        return super().pop(key, *default)

    def setdefault(self, key: Key, default: Any = None) -> Any:
        """As ``dict.setdefault``."""
        if key not in self:
            self[key] = default
        return self[key]
