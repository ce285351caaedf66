"""Parts of lists: pages, filters, fields and counts, in the same way for every list.

May import ``congress.model``.

A request asks for them in its query. ``limit`` is how many things there may be in an
answer, which then has ``next``, the address of the rest, if there is one; ``marker`` is
where a page begins, as ``next`` has it. ``FIELD=VALUE`` keeps what has this value, or one
of them if the field is named several times. ``fields=A,B`` keeps these fields of each
thing. ``count_only=1`` answers how many there are.

Invariant: without any of these a list is answered whole, in the form it always had.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response, request

from congress.api import answers
from congress.api.requests import asked, query, read_flag, read_number
from congress.model.diagnostic import refuse

#: Names of the query that are no filters, whatever the fields of a list are called.
RESERVED = frozenset(
    {"limit", "marker", "fields", "count_only", "format", "trace", "explain", "include_rules"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a request wants of a list.

    :param where: the texts that a field may have, by its name.
    :param fields: the names to keep; all, if there are none.
    """

    where: Mapping[str, Sequence[str]]
    fields: Sequence[str]
    limit: int | None
    marker: str | None
    count_only: bool

    def check_fields(self, known: Sequence[str]) -> None:
        """:raises Refused: one of the names to keep is none that the things have."""
        unknown = [name for name in self.fields if name not in known]
        if unknown:
            hint = f"there are {', '.join(known)}" if known else "their names are not known"
            raise refuse("invalid", f"there is no field {unknown[0]!r}", hint=hint, where="fields")


def asked_part() -> Part:
    """What the request wants of the list it addresses.

    :raises Refused: it cannot be meant.
    """
    given = query()
    if RESERVED.isdisjoint(given):
        return Part(where=given, fields=(), limit=None, marker=None, count_only=False)
    names = asked("fields") or ""
    return Part(
        where={name: texts for name, texts in given.items() if name not in RESERVED},
        fields=[name for name in names.split(",") if name],
        limit=read_number("limit"),
        marker=asked("marker"),
        count_only=read_flag("count_only", digits=True),
    )


def collection(
    things: Sequence[Mapping[str, Any]],
    known: Sequence[str],
    *,
    key: str = "id",
    apart: Sequence[str] = (),
    limit: int | None = None,
) -> Response:
    """The part that the request wants of a list that is at hand.

    :param known: the fields of the things.
    :param key: the one that tells them apart.
    :param apart: fields by which the things were chosen already.
    :param limit: how many things there are in an answer if the request does not say.
    """
    part = asked_part()
    part.check_fields(known)
    names = frozenset(known) - frozenset(apart)
    tests = {name: texts for name, texts in part.where.items() if name in names}
    most = part.limit or limit
    taken = [thing for thing in things if _takes(tests, thing)]
    if part.count_only:
        return count(len(taken))
    start = _after(taken, key, part.marker)
    end = len(taken) if most is None else start + most
    return page(taken[start:end], part, key, more=end < len(taken))


def page(things: Sequence[Mapping[str, Any]], part: Part, key: str, *, more: bool) -> Response:
    """The things of a part, with the fields that are wanted.

    :param more: whether others follow.
    """
    following = next_page(str(things[-1][key])) if more else None
    if part.fields:
        things = [{name: thing.get(name) for name in part.fields} for thing in things]
    return answers.collection(things, following)


def count(number: int) -> Response:
    """How many things there are."""
    return answers.item({"count": number})


def next_page(marker: str) -> str:
    """The address of the same request from a marker on."""
    given = {**query(), "marker": marker}
    return f"{request.base_url}?{urlencode(given, doseq=True)}"


def _takes(tests: Mapping[str, Sequence[str]], thing: Mapping[str, Any]) -> bool:
    return all(_text(thing.get(name)) in texts for name, texts in tests.items())


def _text(value: object) -> str:
    """What stands for a value in a query: a text itself, other values in JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _after(things: Sequence[Mapping[str, Any]], key: str, marker: str | None) -> int:
    if marker is None:
        return 0
    for index, thing in enumerate(things):
        if thing[key] == marker:
            return index + 1
    raise _bad_marker(marker)


def row_marker(row: Sequence[object]) -> str:
    """The marker of a row, which has nothing else to name it by."""
    return base64.urlsafe_b64encode(msgspec.json.encode(row)).decode()


def marked_row(marker: str) -> list[Any]:
    """The row that a marker was made of.

    :raises Refused: it was made of none.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(marker), type=list[Any])
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise _bad_marker(marker) from error


def _bad_marker(marker: str) -> Exception:
    hint = "begin without a marker, and take the next one from the answer"
    return refuse("invalid", f"nothing has the marker {marker!r:.300}", hint=hint, where="marker")
