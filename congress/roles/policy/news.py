"""What storage has that an engine does not have yet.

Imports the interfaces and the model; does no I/O but reading the transaction it
is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from congress.interfaces.storage import ChangeRecord, Transaction
from congress.roles.policy.book import Book, read_book, read_datasources

#: Change records read at a time.
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Revision:
    """The changes that made a revision. ``datasources``, if given, are those now."""

    number: int
    records: Sequence[ChangeRecord]
    datasources: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Revisions in their order, or, where the log does not reach back, the whole book."""

    revisions: Sequence[Revision] = ()
    whole: Book | None = None
    more: bool = False


def read_news(tx: Transaction, known: int | None) -> News:
    """What follows a revision; everything if none is known or it was never stored."""
    latest = tx.changes.revision()
    if known == latest:
        return News()
    records = None if known is None or known > latest else tx.changes.since(known, BATCH)
    if records is None:
        return News(whole=read_book(tx))
    revisions = _grouped(tx, records)
    if len(records) >= BATCH:
        if len(revisions) == 1:
            return News(whole=read_book(tx))
        return News(revisions[:-1], more=True)
    if not revisions or revisions[-1].number < latest:
        revisions.append(Revision(latest, ()))
    return News(revisions)


def _grouped(tx: Transaction, records: Sequence[ChangeRecord]) -> list[Revision]:
    datasources = None
    if any(record.kind == "datasource" for record in records):
        datasources = read_datasources(tx)
    return [
        Revision(number, tuple(group), datasources)
        for number, group in groupby(records, key=lambda record: record.revision)
    ]
