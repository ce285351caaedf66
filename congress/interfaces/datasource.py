"""Datasource drivers: they turn a service into tables, and act on it.

May import the standard library and ``congress.model`` only. Namespace
``congress.datasource.drivers``.

A driver is constructed once per configured datasource. The host calls it in
this order: ``__init__`` (no I/O), ``open``, then any of its capabilities, then
``close``; after ``close`` nothing. ``schema`` may be called at any time after
construction. ``poll``, ``accept`` and ``close`` are called on one thread, never
at the same time; ``stream`` has a thread of its own; ``execute`` is called on
another thread, one call at a time, and may overlap with a poll. A driver that
hangs holds up nobody but itself.

Capabilities are protocols. Implement any of ``Polls``, ``Accepts``, ``Streams``
and ``Acts``; the host finds out by ``isinstance``.

Known features: ``lazy`` (tables may be left unpolled), ``deltas`` (polls give
deltas), ``persist`` (accepted rows are worth keeping over a restart).
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias, runtime_checkable

from congress.interfaces.plugin import OptionValue, Plugin, PluginInfo
from congress.interfaces.runtime import Clock, Stop
from congress.model.action import ActionCall, ActionResult, ActionSpec
from congress.model.delta import Batch
from congress.model.schema import Schema

if TYPE_CHECKING:
    import requests

Config: TypeAlias = Mapping[str, OptionValue]


class DriverError(Exception):
    """The service cannot be read or acted on now; the message is for people.

    It must not contain secrets. The host shows it, marks the tables stale and
    backs off.
    """


@dataclass(frozen=True, slots=True)
class DriverContext:
    """What a driver gets besides its own configuration.

    :param name: the datasource's name.
    :param settings: the driver's options of scope ``NODE``, with defaults.
    :param session: makes an HTTP session that obeys the node's proxies and CAs.
    :param stop: set when the datasource is being closed.
    :param emit: publish a batch out of turn (streams, timers). Any thread; blocks
        while the publisher is behind.
    :param schema_changed: tell that ``schema()`` would now answer otherwise.
    """

    name: str
    log: logging.Logger
    clock: Clock
    settings: Config
    session: Callable[[], requests.Session]
    stop: Stop
    emit: Callable[[Batch], None]
    schema_changed: Callable[[Schema], None]


@dataclass(frozen=True, slots=True)
class PollRequest:
    """What to read.

    :param tables: the tables wanted; ``None`` means all.
    :param cursor: what the last complete poll gave in ``Done``; ``None`` at first
        and after any failure, when full snapshots are due.
    :param deadline: monotonic time after which the result is not wanted.
    """

    tables: frozenset[str] | None
    cursor: object
    deadline: float
    stop: Stop


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a poll. ``complete`` tells whether every wanted table was read.

    ``failed`` maps tables that could not be read to the reason; they become
    stale, the others are published.
    """

    cursor: object = None
    complete: bool = True
    failed: Mapping[str, str] | None = None


class DatasourceDriver(Plugin):
    """A driver. ``config`` holds its ``INSTANCE`` options, converted, with defaults."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, config: Config, ctx: DriverContext) -> None:
        self.config = config
        self.ctx = ctx

    @classmethod
    @abc.abstractmethod
    def describe(cls) -> PluginInfo:
        """See ``Plugin.describe``."""

    @classmethod
    def static_schema(cls) -> Schema | None:
        """The schema, where it does not depend on configuration; without I/O."""
        return None

    @classmethod
    def static_actions(cls) -> Sequence[ActionSpec]:
        """The actions, where they do not depend on configuration; without I/O."""
        return ()

    @classmethod
    def check(cls, config: Config, settings: Config) -> Sequence[str]:
        """Problems of a configuration beyond what the options declare; without I/O
        except looking at local paths that the configuration names."""
        return ()

    @abc.abstractmethod
    def schema(self) -> Schema:
        """The tables there are now."""

    def open(self) -> None:
        """Get ready. May do I/O; a ``DriverError`` is retried by the host."""

    def close(self) -> None:
        """Give everything back. Called once, also after a failed ``open``."""


@runtime_checkable
class Polls(Protocol):
    """A driver whose service is asked now and then."""

    def poll(self, request: PollRequest) -> Iterator[Batch | Done]:
        """Read the wanted tables.

        Batches are published when the iterator ends, all as one; the last item
        is ``Done``. A ``DriverError`` gives up the poll: nothing is published.
        """


@runtime_checkable
class Accepts(Protocol):
    """A driver that is given data: rows pushed by the API, or a webhook."""

    def accept(self, payload: object, table: str | None) -> Batch:
        """Turn a payload into changes. ``table`` is ``None`` for a webhook.

        Else the payload is a list of rows that replace the table's, or an object with
        two lists: ``upsert``, rows to put, and ``delete``, rows to take out.

        :raises Refused: for a payload of the wrong form; nothing is changed.
        """


@runtime_checkable
class Streams(Protocol):
    """A driver whose service tells by itself."""

    def stream(self, emit: Callable[[Batch], None], stop: Stop) -> None:
        """Emit batches until ``stop`` is set. A ``DriverError`` is retried with back-off."""


@runtime_checkable
class Acts(Protocol):
    """A driver that can act on its service."""

    def actions(self) -> Sequence[ActionSpec]:
        """The actions there are now. Only these can be called."""

    def execute(self, call: ActionCall, deadline: float) -> ActionResult:
        """Run one action. ``deadline`` is monotonic.

        The host has checked the arguments against the action's schema and given
        all of them by name in ``call.named`` as well.

        :raises DriverError: if the service refused or failed.
        """
