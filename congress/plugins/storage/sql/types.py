"""Column types that hold the same and compare the same on every database.

May import SQLAlchemy and the shared files of ``congress.plugins.storage``.

Invariants: two texts are equal to the database exactly if they are equal to
Python, so case, accents and trailing spaces count; whatever text goes in comes
out, also a NUL and half a surrogate pair, which databases refuse.
"""

import json
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from congress.plugins.storage.limits import NAME, json_text

#: An escape, its hexadecimal code point follows. It stands for itself that way, too.
_MARK = "\x1a"

#: MySQL compares texts of different lengths as if padded with spaces, so a space
#: at the end must not be stored as one.
_ESCAPED = re.compile("[\x00\x1a\ud800-\udfff]| \\Z")
_ESCAPES = re.compile(_MARK + "([0-9a-f]{4})")

#: Characters that a space at the end takes more than one; names have nothing else to escape.
_ESCAPED_SPACE = 4

_CHARSET = "utf8mb4"
_COLLATION = "utf8mb4_bin"


def escaped(text: str) -> str:
    """The text as it is stored."""
    return _ESCAPED.sub(lambda match: f"{_MARK}{ord(match[0]):04x}", text)


def unescaped(stored: str) -> str:
    """The text that was stored so."""
    if _MARK not in stored:
        return stored
    return _ESCAPES.sub(lambda match: chr(int(match[1], 16)), stored)


class _Exact(TypeDecorator[str]):
    """A text, escaped on its way to the database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else escaped(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else unescaped(value)


class Text(_Exact):
    """A text of any length."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "mysql":
            return mysql.LONGTEXT(charset=_CHARSET, collation=_COLLATION)
        return sa.Text(collation="C" if dialect.name == "postgresql" else None)


class Name(_Exact):
    """A text of so many characters, short enough for an index."""

    cache_ok = True

    def __init__(self, length: int = NAME) -> None:
        super().__init__()
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        room = self.length + _ESCAPED_SPACE
        if dialect.name == "mysql":
            return mysql.VARCHAR(room, charset=_CHARSET, collation=_COLLATION)
        return sa.String(room, collation="C" if dialect.name == "postgresql" else None)


class Json(TypeDecorator[Any]):
    """A JSON value as a text in ASCII. Python's ``None`` is JSON's null."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return mysql.LONGTEXT() if dialect.name == "mysql" else sa.Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


#: A number that counts itself up.
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
