"""JSON and JSON Lines: bytes to plain values.

May import msgspec and its own folder. NaN and infinity are no JSON and are
refused by the decoder; so is nesting beyond the interpreter's stack.
"""

import re

import msgspec

from congress.plugins.datasource.file.faults import BadFile, line_of

_OFFSET = re.compile(r"\s*\(byte (\d+)\)")


def read_json(content: bytes) -> object:
    """Read one JSON document.

    :raises BadFile: naming the line.
    """
    try:
        return msgspec.json.decode(content)
    except RecursionError as error:
        raise BadFile("nested too deeply") from error
    except UnicodeDecodeError as error:
        raise BadFile("not UTF-8 text") from error
    except msgspec.MsgspecError as error:
        offset = _OFFSET.search(str(error))
        line = line_of(content, int(offset[1])) if offset else None
        raise BadFile(_OFFSET.sub("", str(error)), line=line) from error


def read_json_lines(content: bytes, *, most: int) -> tuple[list[object], list[int]]:
    """Read one JSON document a line; empty lines are skipped.

    :return: the documents, and the line of each.
    :raises BadFile: naming the line.
    """
    documents: list[object] = []
    places: list[int] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        if len(documents) == most:
            raise BadFile(f"more than {most} records", line=number)
        try:
            documents.append(read_json(line))
        except BadFile as error:
            problem = str(error).removeprefix("line 1: ")
            raise BadFile(problem, line=number) from error
        places.append(number)
    return documents, places
