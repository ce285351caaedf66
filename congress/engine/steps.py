"""Edits as plain data, as JSON and YAML have it: one step of a test or an example.

May import ``congress.model`` and the edits only. A step is an object with one
key, as in ``{"insert": {"policy": "p", "text": "q(1)"}}``.

Invariant: whatever a step holds, it either becomes an edit or is ``Refused`` with
the name of the member that is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from congress.engine.edits import (
    CreatePolicy,
    DeleteRules,
    Edit,
    InsertRules,
    ReplaceTables,
    SetSchema,
    Tick,
    UpdateTable,
)
from congress.model.diagnostic import refuse
from congress.model.policy import PolicyKind
from congress.model.schema import Column, ColumnType, Schema, TableSchema
from congress.model.values import Row, row_from_plain

Request = Mapping[str, Any]


def edit_from_plain(step: object) -> Edit:
    """The edit that a step stands for.

    :raises Refused: ``invalid``, if it stands for none.
    """
    kind, request = _single(step)
    if kind not in _STEPS:
        raise refuse("invalid", f"{kind!r} is no step", hint=f"steps are {', '.join(_STEPS)}")
    read, required, optional = _STEPS[kind]
    if kind != "now":
        _check_members(kind, request, required, optional)
    try:
        return read(request)
    except (ValueError, TypeError) as error:
        raise refuse("invalid", f"step {kind!r}: {error}") from error


def _single(step: object) -> tuple[str, Any]:
    if not isinstance(step, Mapping) or len(step) != 1:
        message = f"a step is an object with one key, not {step!r:.60}"
        raise refuse("invalid", message, hint=f"the key is one of {', '.join(_STEPS)}")
    ((kind, request),) = step.items()
    return str(kind), request


def _check_members(kind: str, request: object, required: str, optional: str) -> None:
    """Refuse a request that lacks a member, or has one that means nothing."""
    known = [*required.split(), *optional.split()]
    hint = f"its members are {', '.join(known)}"
    if not isinstance(request, Mapping):
        raise refuse("invalid", f"step {kind!r} needs an object, not {request!r:.60}", hint=hint)
    for name in required.split():
        if name not in request:
            raise refuse("invalid", f"step {kind!r} lacks {name!r}", hint=hint)
    for name in request:
        if name not in known:
            raise refuse("invalid", f"step {kind!r} has no member {name!r}", hint=hint)


# -- the steps ------------------------------------------------------------------------


def _policy(request: Request) -> Edit:
    kind = request.get("kind", str(PolicyKind.NONRECURSIVE))
    return CreatePolicy(_text(request["name"], "name"), _text(kind, "kind"))


def _schema(request: Request) -> Edit:
    tables = [
        TableSchema(_text(name, "a table"), tuple(map(_column, _list(columns, name))))
        for name, columns in _object(request["tables"], "tables").items()
    ]
    schema = Schema.of(tables, closed=bool(request.get("complete", False)))
    return SetSchema(_text(request["policy"], "policy"), schema)


def _column(plain: object) -> Column:
    """A column: its name, or an object with ``name``, ``type`` and ``nullable``."""
    if isinstance(plain, str):
        return Column(plain)
    described = _object(plain, "a column")
    unknown = set(described) - {"name", "type", "nullable"}
    if unknown or "name" not in described:
        raise ValueError(f"a column has name, type and nullable, not {', '.join(described)}")
    kind = ColumnType(described.get("type", "any"))
    return Column(_text(described["name"], "name"), kind, bool(described.get("nullable", True)))


def _insert(request: Request) -> Edit:
    return InsertRules(_text(request["policy"], "policy"), _text(request["text"], "text"))


def _delete(request: Request) -> Edit:
    return DeleteRules(_text(request["policy"], "policy"), _text(request["text"], "text"))


def _replace(request: Request) -> Edit:
    tables = _object(request["tables"], "tables")
    rows = {_text(name, "a table"): _rows(tables[name], name) for name in tables}
    return ReplaceTables(_text(request["policy"], "policy"), rows)


def _update(request: Request) -> Edit:
    return UpdateTable(
        _text(request["policy"], "policy"),
        _text(request["table"], "table"),
        _rows(request.get("add", ()), "add"),
        _rows(request.get("remove", ()), "remove"),
    )


def _now(request: object) -> Edit:
    return Tick(_text(request, "now"))


#: How each step is read, and the members it must and may have.
_STEPS: Mapping[str, tuple[Callable[[Any], Edit], str, str]] = {
    "policy": (_policy, "name", "kind"),
    "schema": (_schema, "policy tables", "complete"),
    "insert": (_insert, "policy text", ""),
    "delete": (_delete, "policy text", ""),
    "replace": (_replace, "policy tables", ""),
    "update": (_update, "policy table", "add remove"),
    "now": (_now, "", ""),
}


# -- members --------------------------------------------------------------------------


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, not {value!r:.60}")
    return value


def _object(value: object, name: str) -> Request:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be an object, not {value!r:.60}")
    return value


def _list(value: object, name: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list, not {value!r:.60}")
    return value


def _rows(value: object, name: object) -> list[Row]:
    return [row_from_plain(_list(row, f"a row of {name}")) for row in _list(value, name)]
