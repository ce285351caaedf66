"""Lets one thread at a time at the state of an engine.

May import the standard library only.

Invariant: whoever wants to change the state waits for one reading at most per thread
that reads, since a thread that waits bars the others from going first. A thread that
is inside may enter again.
"""

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Guard:
    """Entered with ``with``, for a short time by those who read."""

    __slots__ = ("_depth", "_gate", "_inside", "_owner")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._inside = threading.Lock()
        self._owner = 0
        self._depth = 0

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner != me:
            with self._gate:
                self._inside.acquire()
            self._owner = me
        self._depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = 0
            self._inside.release()


class Guarded(Protocol):
    """Something with a guard."""

    @property
    def guard(self) -> Guard:
        """What threads enter."""


G = TypeVar("G", bound=Guarded)


def guarded(method: Callable[Concatenate[G, P], T]) -> Callable[Concatenate[G, P], T]:
    """A method that enters the guard for all it does, which is short."""

    @functools.wraps(method)
    def inside(self: G, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with self.guard:
            return method(self, *args, **kwargs)

    return inside
