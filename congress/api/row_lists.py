"""Lists of rows: which part a request wants, and in which form.

May import ``congress.model``.

Rows are arrays under ``data``, as ever, or with ``format=objects`` objects with the
names of the columns. The role that has the rows picks the part, so that no more than
that travels.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response

from congress.api import answers, listing
from congress.api.backend import Backend, backend
from congress.api.listing import Part
from congress.api.requests import asked
from congress.model.diagnostic import refuse

FORMATS = ("arrays", "objects")

#: What a method tells besides rows, if it was asked for.
_BESIDES = ("trace", "explanation")


def selection(part: Part) -> dict[str, Any]:
    """The part as the arguments that the methods of roles take."""
    return {
        "where": part.where,
        "after": None if part.marker is None else listing.marked_row(part.marker),
        "limit": part.limit,
        "count_only": part.count_only,
    }


def answer(service: str, found: Mapping[str, Any], part: Part) -> Response:
    """The answer that tells the rows a method found.

    :param service: the service whose method it was.
    :param found: ``rows rest columns more``, and what else was asked for; or their ``count``.
    """
    if part.count_only:
        return listing.count(found["count"])
    rows: Sequence[Sequence[object]] = found["rows"]
    columns: Sequence[str] = found["columns"]
    part.check_fields(columns)
    rest = {"columns": part.fields or columns}
    if found["more"]:
        rest["next"] = listing.next_page(listing.row_marker(found["more"]))
    rest.update({name: found[name] for name in _BESIDES if name in found})
    shape = _shape(columns, part.fields)
    if not found["rest"]:
        return answers.item({"results": [shape(row) for row in rows], **rest})
    return answers.row_stream(_pieces(backend(), service, found), shape, rest)


def _pieces(
    behind: Backend, service: str, found: Mapping[str, Any]
) -> Iterator[Sequence[Sequence[object]]]:
    """The rows that were found, fetched as they are needed."""
    yield found["rows"]
    rest = found["rest"]
    while rest:
        more = behind.more(service, rest)
        yield more["piece"]
        rest = more["rest"]


def _shape(columns: Sequence[str], fields: Sequence[str]) -> Callable[[Sequence[object]], object]:
    """What makes of a row the thing that stands for it in the answer."""
    form = asked("format") or FORMATS[0]
    if form not in FORMATS:
        hint = f"there is {' and '.join(FORMATS)}"
        raise refuse("invalid", f"there is no format {form!r:.40}", hint=hint, where="format")
    places = [(name, columns.index(name)) for name in fields]
    if form == "arrays":
        if not fields:
            return lambda row: {"data": row}
        return lambda row: {"data": [row[place] for _, place in places]}
    if not fields:
        return lambda row: dict(zip(columns, row, strict=True))
    return lambda row: {name: row[place] for name, place in places}
