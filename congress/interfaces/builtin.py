"""Builtin predicates as plugins.

May import the standard library and ``congress.model`` only. Namespace
``congress.builtins``: each entry point gives a sequence of
``congress.model.builtin.Builtin``. All installed sets are used. Names must not
repeat over all sets. Functions must be pure, quick and thread-safe; text
functions are bound in time or linear in their input.
"""

from collections.abc import Sequence
from typing import TypeAlias

from congress.model.builtin import Builtin

BuiltinSet: TypeAlias = Sequence[Builtin]

INTERFACE_VERSION = "1.0"
