"""One reading of the machine, shared by the tables of one poll.

May import its own folder, psutil and the standard library only.

Invariant: a detail that cannot be read is ``None``; a process that went away
while it was read is left out; neither stops the reading.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import psutil

from congress.plugins.datasource.host.machine import Machine

T = TypeVar("T")

_LONGEST = 4096
_UNREADABLE = (psutil.AccessDenied, psutil.ZombieProcess, OSError, ValueError, KeyError)


def clean(text: str | None) -> str | None:
    """Text of the operating system as proper Unicode, 4096 characters at most.

    The kernel knows bytes only; those that are no UTF-8 become replacement characters.
    """
    if text is None:
        return None
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text[:_LONGEST]


def detail(read: Callable[[], T]) -> T | None:
    """What a call of a process gives, or ``None`` where it cannot be read.

    :raises psutil.NoSuchProcess: if the process is gone.
    """
    try:
        return read()
    except _UNREADABLE:
        return None


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What does not change with every breath of a process."""

    pid: int
    parent: int | None
    name: str | None
    exe: str | None
    cmdline: str | None
    cwd: str | None
    username: str | None
    uid: int | None
    effective_uid: int | None
    gid: int | None
    terminal: str | None
    state: str | None
    created: int | None


class Reading:
    """What one poll has read so far."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    @cached_property
    def handles(self) -> Mapping[int, psutil.Process]:
        """All processes by pid."""
        return {process.pid: process for process in self.machine.processes()}

    @cached_property
    def sockets(self) -> Sequence[Any]:
        """All sockets, as psutil gives them."""
        return self.machine.sockets()

    @cached_property
    def processes(self) -> Mapping[int, ProcessFacts]:
        """The facts of all processes by pid."""
        facts: dict[int, ProcessFacts] = {}
        for pid, process in self.handles.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                facts[pid] = _facts(process)
        return facts


def _facts(process: psutil.Process) -> ProcessFacts:
    """Read one process."""
    with process.oneshot():
        uids, gids = detail(process.uids), detail(process.gids)
        arguments, created = detail(process.cmdline), detail(process.create_time)
        return ProcessFacts(
            pid=process.pid,
            parent=detail(process.ppid),
            name=clean(detail(process.name)),
            exe=clean(detail(process.exe)) or None,
            cmdline=clean(" ".join(arguments)) if arguments else None,
            cwd=clean(detail(process.cwd)) or None,
            username=clean(detail(process.username)),
            uid=uids.real if uids else None,
            effective_uid=uids.effective if uids else None,
            gid=gids.real if gids else None,
            terminal=clean(detail(process.terminal)),
            state=detail(process.status),
            created=int(created) if created is not None else None,
        )
