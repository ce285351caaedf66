"""Processes: who they are, and apart from that what they use at the moment.

May import ``congress.model``, psutil and its own folder.

Invariant: rows of ``processes`` change only when processes do; whatever moves
while a process just runs stands in ``process_usage``.
"""

import contextlib
from collections.abc import Iterator

import psutil

from congress.plugins.datasource.columns import integer, number, string
from congress.plugins.datasource.host.reading import Reading, detail
from congress.plugins.datasource.host.table import RawRow, table

_PID = integer("pid", "Number of the process.", nullable=False)
_LASTING_STATES = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


def _processes(reading: Reading) -> Iterator[RawRow]:
    for facts in reading.processes.values():
        yield (
            facts.pid,
            facts.parent,
            facts.name,
            facts.exe,
            facts.cmdline,
            facts.cwd,
            facts.username,
            facts.uid,
            facts.effective_uid,
            facts.gid,
            facts.terminal,
            _lasting(facts.state),
            facts.created,
        )


def _lasting(state: str | None) -> str | None:
    """The part of a process's state that does not flip while it works and waits."""
    if state is None or state in _LASTING_STATES:
        return state
    return "alive"


def _usage(reading: Reading) -> Iterator[RawRow]:
    for process in reading.handles.values():
        with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():
            times, memory = detail(process.cpu_times), detail(process.memory_info)
            share, percent = detail(process.memory_percent), detail(process.cpu_percent)
            yield (
                process.pid,
                detail(process.status),
                times.user if times else None,
                times.system if times else None,
                percent,
                memory.rss if memory else None,
                memory.vms if memory else None,
                round(share, 2) if share is not None else None,
                detail(process.num_threads),
                detail(process.num_fds),
            )


TABLES = (
    table(
        "processes",
        "The processes of this machine.",
        (
            _PID,
            integer("ppid", "Number of the parent process."),
            string("name", "Name of the process."),
            string("exe", "Path of the program it runs."),
            string("cmdline", "Command line, arguments joined by spaces, cut at 4096 characters."),
            string("cwd", "Working directory."),
            string("username", "User who owns it (real user id)."),
            integer("uid", "Real user id."),
            integer("effective_uid", "Effective user id."),
            integer("gid", "Real group id."),
            string("terminal", "Controlling terminal."),
            string("status", "One of alive, stopped, zombie, dead."),
            integer("created", "When it was started, in seconds since the epoch."),
        ),
        _processes,
        key=("pid",),
    ),
    table(
        "process_usage",
        "What each process uses at the moment. Changes with every poll.",
        (
            _PID,
            string("state", "State at the moment: running, sleeping, disk-sleep, idle ..."),
            number("cpu_user", "Processor time in user mode so far, in seconds."),
            number("cpu_system", "Processor time in the kernel so far, in seconds."),
            number("cpu_percent", "Share of one processor since the last reading; 0 at first."),
            integer("rss", "Resident memory in bytes."),
            integer("vms", "Virtual memory in bytes."),
            number("memory_percent", "Share of the machine's memory that is resident."),
            integer("threads", "Number of threads."),
            integer("files", "Number of open file descriptors."),
        ),
        _usage,
        key=("pid",),
        lazy=True,
    ),
)
