"""CSV: text cells separated by a character, one record a line or more.

May import the standard library and its own folder only.

Invariant: every record has as many cells as the header, or the first record
where there is no header; a file that breaks this is refused, not guessed at.
"""

import csv
import io

from congress.plugins.datasource.file.faults import BadFile
from congress.plugins.datasource.file.sheet import Sheet


def read_delimited(text: str, *, delimiter: str, header: bool, most: int) -> Sheet:
    """Read a CSV text.

    :param header: whether the first record names the columns.
    :param most: the most records allowed.
    :raises BadFile: naming the line.
    """
    if "\0" in text:
        raise BadFile("not a text file", line=text.count("\n", 0, text.index("\0")) + 1)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: tuple[str, ...] | None = None
    records: list[list[str]] = []
    places: list[int] = []
    width: int | None = None
    try:
        for record in lines:
            if not record:
                continue
            if width is None:
                width = len(record)
                if header:
                    names = tuple(record)
                    continue
            if len(record) != width:
                raise BadFile(f"{len(record)} cells instead of {width}", line=lines.line_num)
            if len(records) == most:
                raise BadFile(f"more than {most} records", line=lines.line_num)
            records.append(record)
            places.append(lines.line_num)
    except csv.Error as error:
        raise BadFile(str(error), line=lines.line_num) from error
    return Sheet(names, records, places, textual=True)
