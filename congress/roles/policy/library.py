"""The policy library: policies to choose from, which do nothing until they are activated.

Imports the interfaces and the model. Runs on the store loop.

Invariants: library policies are written like policies, as revisions with an audit
record. What a user changed or deleted is not brought back by a file that has not
changed since it was loaded.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from congress.interfaces.storage import (
    ChangeRecord,
    LibraryRecord,
    StorageBackend,
    StorageError,
    Transaction,
)
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.roles.policy.book import Book
from congress.roles.policy.draft import insist
from congress.roles.policy.library_files import Shelf, files_digest, read_shelf
from congress.roles.policy.policies import SYSTEM, new_id
from congress.roles.policy.requests import Origin
from congress.roles.policy.writer import Plan, PolicyWriter

LOG = logging.getLogger(__name__)

#: The stored fact that tells what was loaded: the digest of each policy, by name.
LOADED = "policy-library"


@dataclass(frozen=True, slots=True)
class Loading:
    """What loading the files did, by names. ``kept`` are those that users had changed."""

    added: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]
    kept: Sequence[str]
    problems: Sequence[Diagnostic]


class Library:
    """Keeps the library policies, and loads those that files offer.

    :param instance: this life of this node.
    :param folders: where the files are; a later folder overrides an earlier one.
    """

    def __init__(
        self,
        writer: PolicyWriter,
        storage: StorageBackend,
        instance: str,
        folders: Sequence[Path],
    ) -> None:
        self._writer = writer
        self._storage = storage
        self._instance = instance
        self._folders = folders
        self._followed = ""

    def list(self) -> Sequence[LibraryRecord]:
        """All of them, by name."""
        return self._storage.read(lambda tx: tx.library.list())

    def get(self, id_or_name: object) -> LibraryRecord:
        """One of them.

        :raises Refused: ``not-found``.
        """
        if not isinstance(id_or_name, str):
            raise refuse("invalid", "a library policy is named by a text", where="library")
        found = self._storage.read(lambda tx: tx.library.get(id_or_name))
        if found is None:
            message = f"there is no policy {id_or_name!r:.300} in the library"
            raise refuse("not-found", message, hint="congress library list shows those there are")
        return found

    def create(self, new: LibraryRecord, origin: Origin) -> LibraryRecord:
        """Add one.

        :raises Refused: ``duplicate-policy``.
        """

        def make(book: Book) -> tuple[Plan, LibraryRecord]:
            record = replace(new, id=new_id(self._instance, book, 0), digest="")
            return _plan("create", record, lambda tx: tx.library.add(record)), record

        return self._writer.write(make, origin)

    def update(
        self,
        id_or_name: object,
        change: Callable[[LibraryRecord], LibraryRecord],
        origin: Origin,
    ) -> LibraryRecord:
        """Put another one in its place, under its id.

        :raises Refused: ``not-found``, ``duplicate-policy``, or what ``change`` refuses.
        """

        def make(book: Book) -> tuple[Plan, LibraryRecord]:
            old = self.get(id_or_name)
            record = replace(change(old), id=old.id, digest="")
            return _plan("update", record, lambda tx: insist(tx.library.replace(record))), record

        return self._writer.write(make, origin)

    def remove(
        self, id_or_name: object, check: Callable[[LibraryRecord], None], origin: Origin
    ) -> LibraryRecord:
        """Delete one, and give it back.

        :raises Refused: ``not-found``, or what ``check`` refuses.
        """

        def make(book: Book) -> tuple[Plan, LibraryRecord]:
            record = self.get(id_or_name)
            check(record)
            return _plan("delete", record, lambda tx: insist(tx.library.remove(record.id))), record

        return self._writer.write(make, origin)

    def follow(self) -> None:
        """Load the files if they are others than at the last look.

        What goes wrong is logged; the next look tries again.
        """
        digest = files_digest(self._folders)
        if digest == self._followed:
            return
        try:
            done = self.load(SYSTEM)
        except (StorageError, TimeoutError, Refused) as error:
            LOG.warning("policy library: its files cannot be loaded now: %s", error)
            return
        self._followed = digest
        for problem in done.problems:
            LOG.warning("policy library: %s", problem.render())
        for name in done.kept:
            LOG.warning("policy library: %s was changed by a user and stays as it is", name)

    def load(self, origin: Origin) -> Loading:
        """Bring the stored library to what the files offer, as far as users left it alone."""
        shelf = read_shelf(self._folders)
        return self._writer.write(lambda book: self._loading(book, shelf), origin)

    def _loading(self, book: Book, shelf: Shelf) -> tuple[Plan | None, Loading]:
        stored, fact = self._storage.read(lambda tx: (tx.library.list(), tx.facts.get(LOADED)))
        before: Mapping[str, str] = json.loads(fact or "{}")
        steps = _steps_to(shelf, {record.name: record for record in stored}, before)
        added = [replace(r, id=new_id(self._instance, book, i)) for i, r in enumerate(steps.added)]
        names = {"added": added, "changed": steps.changed, "removed": steps.removed}
        done = {what: [record.name for record in some] for what, some in names.items()}
        loading = Loading(**done, kept=steps.kept, problems=shelf.problems)
        if steps.loaded == before:
            return None, loading

        def store(tx: Transaction) -> None:
            tx.facts.set(LOADED, json.dumps(steps.loaded, sort_keys=True), fact)
            for record in steps.removed:
                insist(tx.library.remove(record.id))
            for record in steps.changed:
                insist(tx.library.replace(record))
            for record in added:
                tx.library.add(record)

        ops = {"delete": steps.removed, "update": steps.changed, "create": added}
        records = [_change(op, record) for op, some in ops.items() for record in some]
        return Plan("library:load", "library", records, store, details=done), loading


@dataclass(frozen=True, slots=True)
class _Steps:
    """What leads from the stored library to what files offer; ``loaded`` is the new fact."""

    added: Sequence[LibraryRecord]
    changed: Sequence[LibraryRecord]
    removed: Sequence[LibraryRecord]
    kept: Sequence[str]
    loaded: Mapping[str, str]


def _steps_to(
    shelf: Shelf, present: Mapping[str, LibraryRecord], before: Mapping[str, str]
) -> _Steps:
    """The steps, given what is stored and what was loaded before, by name."""

    def as_loaded(name: str) -> bool:
        record = present.get(name)
        return record is not None and record.digest != "" and record.digest == before.get(name)

    offered = {name: record.digest for name, record in shelf.policies.items()}
    news = [name for name, digest in offered.items() if before.get(name) != digest]
    known = [name for name in news if name in present]
    # A file that cannot be read may be the one that a missing policy was in.
    gone = [] if shelf.problems else [name for name in before if name not in offered]
    return _Steps(
        added=[shelf.policies[name] for name in news if name not in present],
        changed=[replace(shelf.policies[n], id=present[n].id) for n in known if as_loaded(n)],
        removed=[present[name] for name in gone if as_loaded(name)],
        kept=[name for name in known if not as_loaded(name)],
        loaded={**before, **offered} if shelf.problems else offered,
    )


def _change(op: str, record: LibraryRecord) -> ChangeRecord:
    return ChangeRecord(op, "library", record.id, {"name": record.name})


def _plan(op: str, record: LibraryRecord, store: Callable[[Transaction], None]) -> Plan:
    target = f"library/{record.name}"
    change = _change(op, record)
    return Plan(f"library:{op}", target, [change], store, details={"id": record.id})
