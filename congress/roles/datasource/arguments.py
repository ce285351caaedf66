"""The arguments of an action call, checked against what the driver declares.

Imports the model only.

Invariant: what ``bind`` returns fits the action's JSON Schema, and every
positional argument stands under its name.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import jsonschema

from congress.model.action import ActionSpec
from congress.model.diagnostic import Diagnostic, Refused, refuse

POSITIONAL = "positional"
NAMED = "named"


def split(args: object) -> tuple[list[object], dict[str, object]]:
    """The positional and the named arguments of a manual call.

    ``{"positional": [...], "named": {...}}``, either part alone, or an object of
    named arguments.

    :raises Refused: for anything else.
    """
    if args is None:
        return [], {}
    if not isinstance(args, dict):
        raise refuse("invalid", "args must be an object", hint=_FORM, where="args")
    if not args.keys() <= {POSITIONAL, NAMED}:
        return [], dict(args)
    positional, named = args.get(POSITIONAL), args.get(NAMED)
    if not isinstance(positional, list | None) or not isinstance(named, dict | None):
        raise refuse(
            "invalid", "positional must be a list and named an object", hint=_FORM, where="args"
        )
    return list(positional or ()), dict(named or {})


_FORM = 'for instance {"positional": ["a", 1], "named": {"c": true}}'


def bind(
    spec: ActionSpec, positional: Sequence[object], named: Mapping[str, object]
) -> dict[str, object]:
    """All arguments by name.

    A text given for an argument that is an object or a list is read as JSON, since
    policy has no such values.

    :raises Refused: code ``invalid``, with every problem.
    """
    bound, problems = _placed(spec, positional)
    properties = _properties(spec)
    open_ended = bool(spec.parameters.get("additionalProperties", False))
    for name, value in named.items():
        if name in bound:
            problems.append(_problem(spec, f"argument {name!r} is given twice"))
        elif name not in properties and not open_ended:
            valid = ", ".join(properties) or "none"
            problems.append(
                _problem(spec, f"there is no argument {name!r}", f"its arguments are: {valid}")
            )
        else:
            bound[name] = value
    for name in bound:
        bound[name] = _structured(properties.get(name), bound[name])
    if not problems:
        problems += _schema_problems(spec, bound)
    if problems:
        raise Refused(*problems)
    return bound


def _placed(
    spec: ActionSpec, positional: Sequence[object]
) -> tuple[dict[str, object], list[Diagnostic]]:
    names = [name for name in _properties(spec) if name != spec.variadic]
    bound = dict(zip(names, positional, strict=False))
    rest = list(positional[len(names) :])
    if spec.variadic and (rest or len(positional) >= len(names)):
        bound[spec.variadic] = rest
    elif rest:
        takes = f"it takes {len(names)}: {', '.join(names)}" if names else "it takes none"
        return bound, [_problem(spec, f"{len(positional)} arguments are too many", takes)]
    return bound, []


def _properties(spec: ActionSpec) -> Mapping[str, Any]:
    properties = spec.parameters.get("properties", {})
    return properties if isinstance(properties, Mapping) else {}


def _structured(schema: object, value: object) -> object:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if isinstance(value, str) and kind in ("object", "array"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _schema_problems(spec: ActionSpec, bound: Mapping[str, object]) -> list[Diagnostic]:
    schema = dict(spec.parameters) or {"type": "object"}
    validator = jsonschema.validators.validator_for(schema)
    try:
        validator.check_schema(schema)
        errors = list(validator(schema).iter_errors(cast(Any, dict(bound))))
    except jsonschema.exceptions.SchemaError as error:
        return [Diagnostic("plugin", f"the driver declares {spec.name!r} wrongly: {error.message}")]
    return [
        _problem(spec, f"{'.'.join(map(str, error.path)) or 'arguments'}: {error.message}")
        for error in errors
    ]


def _problem(spec: ActionSpec, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic("invalid", message, hint=hint, where=f"action {spec.name}")


def described(spec: ActionSpec) -> dict[str, object]:
    """An action as the API lists it."""
    return {
        "name": spec.name,
        "args": [
            {"name": name, "description": str(_description(schema))}
            for name, schema in _properties(spec).items()
        ],
        "description": spec.description,
    }


def _description(schema: object) -> object:
    return schema.get("description", "") if isinstance(schema, Mapping) else ""
