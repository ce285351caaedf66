"""Server-sent events, as the server tells the changes of a table.

Imports the standard library only.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``mark`` is where to go on after it, for those that have one."""

    name: str
    data: Any
    mark: str = ""


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events that lines are made of; one that is cut off at the end is dropped.

    :raises ValueError: the data of an event is not JSON.
    """
    name, mark, data = "", "", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id":
            mark = value
        elif not line:
            if data:
                yield Event(name, json.loads("\n".join(data)), mark)
            name, mark, data = "", "", []
