"""What is wrong with a file, and where.

May import the standard library only.

Invariant: the message names no folder of the server and quotes no records, so
it can be shown to whoever may see the datasource.
"""


class BadFile(Exception):  # noqa: N818 - the file is bad, the program is not
    """A file that cannot become a table.

    :param problem: what is wrong, for people.
    :param line: the line, counted from 1, where there is one.
    :param record: the record, counted from 1, in formats without lines.
    """

    def __init__(self, problem: str, *, line: int | None = None, record: int | None = None) -> None:
        if line is not None:
            place = f"line {line}: "
        elif record is not None:
            place = f"record {record}: "
        else:
            place = ""
        super().__init__(place + problem)


def line_of(content: bytes, offset: int) -> int:
    """The line, counted from 1, that a byte offset lies on."""
    return content.count(b"\n", 0, offset) + 1
