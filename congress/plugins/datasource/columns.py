"""Columns in one line each, for drivers whose tables are fixed.

May import ``congress.model`` only.
"""

from congress.model.schema import Column, ColumnType


def string(name: str, description: str, *, nullable: bool = True) -> Column:
    """A column of texts."""
    return Column(name, ColumnType.STRING, nullable, description)


def integer(name: str, description: str, *, nullable: bool = True) -> Column:
    """A column of whole numbers."""
    return Column(name, ColumnType.INTEGER, nullable, description)


def number(name: str, description: str, *, nullable: bool = True) -> Column:
    """A column of numbers."""
    return Column(name, ColumnType.NUMBER, nullable, description)


def boolean(name: str, description: str, *, nullable: bool = True) -> Column:
    """A column of truth values."""
    return Column(name, ColumnType.BOOLEAN, nullable, description)
