"""Builtins on dates and times.

May import ``congress.model``, ``congress.interfaces``, dateutil and this folder
only. Texts are read freely, time zones are discarded, and a part that is
missing comes from 1900-01-01 00:00:00, so that no answer depends on the day on
which it is given. The one predicate that knows the day, ``now``, is a table of
the engine; it is described here so that its name and arity are known.
"""

import operator
from collections.abc import Callable
from datetime import datetime, timedelta

from dateutil.parser import parser, parserinfo

from congress.interfaces.builtin import BuiltinSet
from congress.model.builtin import Builtin
from congress.model.values import Value
from congress.plugins.builtin.arguments import number, string, text

_ORIGIN = datetime(1900, 1, 1)  # noqa: DTZ001 - times here have no zone, by definition
_LONGEST = 200
_UNITS = ("seconds", "minutes", "hours", "days", "weeks")


class _Centuries(parserinfo):
    """Two-digit years by a fixed pivot instead of the current year's."""

    def convertyear(self, year: int, century_specified: bool = False) -> int:
        """69 to 99 mean 1969 to 1999, 0 to 68 mean 2000 to 2068."""
        if year >= 100 or century_specified:
            return year
        return year + (1900 if year >= 69 else 2000)


_PARSER = parser(_Centuries())


def read(value: Value) -> datetime:
    """The moment a text names.

    :raises ValueError: if it names none.
    """
    given = string(value)
    if len(given) > _LONGEST:
        raise ValueError("the text is too long for a date")
    return _PARSER.parse(given, default=_ORIGIN, ignoretz=True)


def duration(value: Value) -> timedelta:
    """A number of seconds, or up to five fields ``weeks:days:hours:minutes:seconds``."""
    if not isinstance(value, str):
        return timedelta(seconds=number(value))
    fields = value.split(":")
    if "_" in value:
        raise ValueError(f"{value!r} is not a duration")
    if len(fields) > len(_UNITS):
        raise ValueError(f"a duration has at most {len(_UNITS)} fields")
    amounts = (int(field) for field in reversed(fields))
    return timedelta(**dict(zip(_UNITS, amounts, strict=False)))


def _unpack_date(x: Value) -> tuple[Value, ...]:
    moment = read(x)
    return (moment.year, moment.month, moment.day)


def _unpack_time(x: Value) -> tuple[Value, ...]:
    moment = read(x)
    return (moment.hour, moment.minute, moment.second)


def _unpack_datetime(x: Value) -> tuple[Value, ...]:
    return (*_unpack_date(x), *_unpack_time(x))


def _pack_time(h: Value, m: Value, s: Value) -> str:
    return ":".join([text(h), text(m), text(s)])


def _pack_date(y: Value, m: Value, d: Value) -> str:
    return "-".join([text(y), text(m), text(d)])


def _pack_datetime(y: Value, m: Value, d: Value, h: Value, i: Value, s: Value) -> str:
    return f"{_pack_date(y, m, d)} {_pack_time(h, i, s)}"


def _extract_date(x: Value) -> str:
    return read(x).date().isoformat()


def _extract_time(x: Value) -> str:
    return read(x).time().isoformat()


def _to_seconds(x: Value) -> int:
    return int((read(x) - _ORIGIN).total_seconds())


def _later(x: Value, d: Value) -> str:
    return str(read(x) + duration(d))


def _earlier(x: Value, d: Value) -> str:
    return str(read(x) - duration(d))


def _now() -> str:
    raise ValueError("the engine's table of the current time answers this")


def _comparing(compare: Callable[..., bool]) -> Callable[[Value, Value], bool]:
    return lambda x, y: compare(read(x), read(y))


_COMPARISONS = (
    ("lt", operator.lt, "before"),
    ("lteq", operator.le, "before or the same as"),
    ("gt", operator.gt, "after"),
    ("gteq", operator.ge, "after or the same as"),
    ("equal", operator.eq, "the same as"),
)


def _builtin(
    name: str,
    inputs: str,
    outputs: str,
    function: Callable[..., Value | bool | tuple[Value, ...]],
    description: str,
    *,
    grows: bool = False,
) -> Builtin:
    """A builtin on texts; parameters are single letters."""
    return Builtin(
        name=name,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        function=function,
        types=("any",) * (len(inputs) + len(outputs)),
        grows=grows,
        description=description,
    )


BUILTINS: BuiltinSet = (
    Builtin(
        name="now",
        inputs=(),
        outputs=("x",),
        function=_now,
        types=("string",),
        deterministic=False,
        description="x is the time of the last tick, the same for a whole transaction",
    ),
    _builtin("unpack_date", "x", "ymd", _unpack_date, "y, m, d are the date of x"),
    _builtin("unpack_time", "x", "hms", _unpack_time, "h, m, s are the time of x"),
    _builtin("unpack_datetime", "x", "ymdhis", _unpack_datetime, "the date and time of x"),
    _builtin("pack_time", "hms", "z", _pack_time, "z is h:m:s, without padding", grows=True),
    _builtin("pack_date", "ymd", "z", _pack_date, "z is y-m-d, without padding", grows=True),
    _builtin("pack_datetime", "ymdhis", "z", _pack_datetime, "z is y-m-d h:i:s", grows=True),
    _builtin("extract_date", "x", "z", _extract_date, "z is the date of x, YYYY-MM-DD"),
    _builtin("extract_time", "x", "z", _extract_time, "z is the time of x, HH:MM:SS"),
    _builtin("datetime_to_seconds", "x", "z", _to_seconds, "z is seconds from 1900-01-01 to x"),
    _builtin("datetime_plus", "xd", "z", _later, "z is x and the duration d", grows=True),
    _builtin("datetime_minus", "xd", "z", _earlier, "z is x less the duration d", grows=True),
    *(
        _builtin(f"datetime_{name}", "xy", "", _comparing(compare), f"x is {words} y")
        for name, compare, words in _COMPARISONS
    ),
)
