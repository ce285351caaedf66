"""A file as read: columns and records, before types are given.

May import the standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """Records of one table.

    :param columns: names as they stand in the file; ``None`` if it has none.
    :param records: each either cells in order, or cells by column name.
    :param places: the line of each record, where the format has lines.
    :param textual: whether cells are texts whose types have to be inferred.
    """

    columns: tuple[str, ...] | None
    records: Sequence[Sequence[object] | Mapping[str, object]]
    places: Sequence[int] | None = None
    textual: bool = False

    def place(self, index: int) -> dict[str, int]:
        """Where the record of that index stands, as arguments of ``BadFile``."""
        if self.places is not None:
            return {"line": self.places[index]}
        return {"record": index + 1}
