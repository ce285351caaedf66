"""The configuration of a datasource: checked against its driver, sealed, and shown.

Imports the interfaces and the model only; does no I/O.

Invariants: what ``checked`` returns has the declared types and no unknown key;
every problem is reported at once; what ``masked`` returns holds no secret, sealed
or not.
"""

import difflib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import jsonschema

from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.interfaces.secrets import SecretStore
from congress.model.diagnostic import Diagnostic, Refused
from congress.roles.datasource.redaction import HIDDEN

#: What older clients call options: the name they send, the name it stands for.
LEGACY_NAMES: Mapping[str, str] = {"tenant_name": "project_name"}

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class _WrongError(ValueError):
    """A value that does not fit its option."""


def checked(info: PluginInfo, given: Mapping[str, object]) -> dict[str, OptionValue]:
    """The given options under their proper names and types; defaults are not filled in.

    :raises Refused: code ``invalid``, one diagnostic for each problem.
    """
    options = {option.name: option for option in info.options_of(Scope.INSTANCE)}
    problems: list[Diagnostic] = []
    values: dict[str, OptionValue] = {}
    for name, value in given.items():
        option = options.get(_proper_name(options, name))
        if value is None:
            continue
        if option is None:
            problems.append(_unknown(info, options, name))
        elif option.name in values:
            problems.append(_problem(name, f"option {option.name!r} is given twice"))
        else:
            try:
                values[option.name] = _fitting(option, value)
            except _WrongError as wrong:
                values[option.name] = None
                problems.append(_problem(name, f"option {name!r}: {wrong}"))
    for name, option in options.items():
        if option.required and option.default is None and name not in values:
            hint = f"driver {info.name!r} needs {name}: {option.description}".rstrip(": ")
            problems.append(_problem(name, f"option {name!r} is missing", hint))
    if problems:
        raise Refused(*problems)
    return values


def revised(
    info: PluginInfo,
    present: Mapping[str, OptionValue],
    given: Mapping[str, object],
    *,
    whole: bool,
) -> dict[str, object]:
    """The options after a change, not checked yet.

    ``<hidden>``, as secrets are shown, stands for the value there is.

    :param present: the options as they are, opened.
    :param whole: what is not given goes; else it stays.
    """
    options = {option.name: option for option in info.options_of(Scope.INSTANCE)}
    values: dict[str, object] = {} if whole else dict(present)
    for name, value in given.items():
        proper = _proper_name(options, name)
        kept = value == HIDDEN and proper in present
        values[proper] = present[proper] if kept else value
    return values


def completed(info: PluginInfo, values: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """The values, with the default of every option that has none."""
    defaults = {option.name: option.default for option in info.options_of(Scope.INSTANCE)}
    return {**defaults, **values}


def refuse_problems(problems: Sequence[str]) -> None:
    """:raises Refused: if a driver's own check found anything."""
    if problems:
        raise Refused(*[_problem("", problem) for problem in problems])


def _proper_name(options: Mapping[str, Option], name: str) -> str:
    if name in options:
        return name
    for option in options.values():
        if name in option.aliases:
            return option.name
    return LEGACY_NAMES.get(name, name)


def _problem(option: str, message: str, hint: str = "") -> Diagnostic:
    where = f"config.{option}" if option else "config"
    return Diagnostic("invalid", message, hint=hint, where=where)


def _unknown(info: PluginInfo, options: Mapping[str, Option], name: str) -> Diagnostic:
    near = difflib.get_close_matches(name, options, n=1)
    valid = ", ".join(sorted(options)) or "none"
    hint = f"did you mean {near[0]!r}? " if near else ""
    message = f"driver {info.name!r} has no option {name!r}"
    return _problem(name, message, f"{hint}its options are: {valid}")


def _fitting(option: Option, value: object) -> OptionValue:
    """The value in the option's type.

    :raises _WrongError: with what is expected. Secret values are not repeated.
    """
    converted = _CONVERTERS.get(option.type, _string)(value)
    if option.choices and converted not in option.choices:
        raise _WrongError(f"must be one of {', '.join(option.choices)}")
    if isinstance(converted, int | float) and not isinstance(converted, bool):
        if option.minimum is not None and converted < option.minimum:
            raise _WrongError(f"must be at least {option.minimum:g}")
        if option.maximum is not None and converted > option.maximum:
            raise _WrongError(f"must be at most {option.maximum:g}")
    if option.schema:
        _check_schema(option, converted)
    return converted


def _check_schema(option: Option, value: OptionValue) -> None:
    validator = jsonschema.validators.validator_for(option.schema)(option.schema)
    found = jsonschema.exceptions.best_match(validator.iter_errors(cast(Any, value)))
    if found is not None:
        raise _WrongError("has the wrong form" if option.secret else found.message)


def _string(value: object) -> OptionValue:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _WrongError("must be a text")


def _integer(value: object) -> OptionValue:
    try:
        if isinstance(value, str):
            return int(value.strip())
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
    except ValueError:
        pass
    raise _WrongError("must be a whole number")


def _number(value: object) -> OptionValue:
    try:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            number = float(value)
            if math.isfinite(number):
                return int(number) if number.is_integer() else number
    except (ValueError, OverflowError):
        pass
    raise _WrongError("must be a number")


def _boolean(value: object) -> OptionValue:
    text = str(value).strip().lower()
    if isinstance(value, str | bool | int) and text in _TRUE | _FALSE:
        return text in _TRUE
    raise _WrongError("must be true or false")


def _list(value: object) -> OptionValue:
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("["):
            return [part.strip() for part in text.split(",") if part.strip()]
        value = _json(text)
    if isinstance(value, list):
        return value
    raise _WrongError("must be a list: JSON, or texts separated by commas")


def _object(value: object) -> OptionValue:
    if isinstance(value, str):
        value = _json(value)
    if isinstance(value, dict):
        return value
    raise _WrongError("must be a JSON object")


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise _WrongError(f"is not JSON: {error}") from None


_CONVERTERS: Mapping[str, Callable[[object], OptionValue]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
    "object": _object,
}


def sealed(
    info: PluginInfo, values: Mapping[str, OptionValue], store: SecretStore
) -> tuple[dict[str, OptionValue], tuple[str, ...]]:
    """The values as they are stored, and the names of those that are sealed."""
    secret = {option.name for option in info.options if option.secret}
    names = tuple(sorted(name for name in values if name in secret))
    kept = {
        name: store.seal(json.dumps(value)) if name in names else value
        for name, value in values.items()
    }
    return kept, names


def opened(
    values: Mapping[str, OptionValue], names: Sequence[str], store: SecretStore
) -> dict[str, OptionValue]:
    """The values that ``sealed`` was given.

    :raises Refused: code ``secret-key`` if they were sealed with another key.
    """
    return {
        name: json.loads(store.open(str(value))) if name in names else value
        for name, value in values.items()
    }


def masked(values: Mapping[str, OptionValue], names: Sequence[str]) -> dict[str, OptionValue]:
    """The values as people see them."""
    return {name: HIDDEN if name in names else value for name, value in values.items()}


def secret_texts(values: Mapping[str, OptionValue], names: Sequence[str]) -> list[str]:
    """Everything in the secrets that could turn up in a text."""
    found: list[str] = []
    pending: list[object] = [values[name] for name in names if name in values]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif value is not None and not isinstance(value, bool):
            found.append(str(value))
    return found
