"""The machine as a whole: what it is, its load, its memory.

May import ``congress.model`` and its own folder.
"""

from collections.abc import Iterator

from congress.plugins.datasource.columns import integer, number, string
from congress.plugins.datasource.host.reading import Reading, clean
from congress.plugins.datasource.host.table import RawRow, table


def _host(reading: Reading) -> Iterator[RawRow]:
    machine = reading.machine
    kernel, system = machine.kernel(), machine.distribution()
    logical, cores = machine.processors()
    yield (
        clean(kernel.node),
        clean(kernel.system),
        clean(kernel.release),
        clean(kernel.machine),
        clean(system.get("ID")),
        clean(system.get("VERSION_ID")),
        logical,
        cores,
        machine.memory().total,
        int(machine.boot_time()),
    )


def _load(reading: Reading) -> Iterator[RawRow]:
    yield tuple(round(average, 2) for average in reading.machine.load())


def _memory(reading: Reading) -> Iterator[RawRow]:
    memory = reading.machine.memory()
    yield ("memory", memory.total, memory.used, memory.available, memory.percent)
    swap = reading.machine.swap()
    yield ("swap", swap.total, swap.used, swap.free, swap.percent)


TABLES = (
    table(
        "host",
        "This machine, in one row.",
        (
            string("hostname", "Name of the machine.", nullable=False),
            string("system", "Operating system, such as Linux."),
            string("kernel", "Release of the kernel."),
            string("architecture", "Architecture, such as x86_64."),
            string("distribution", "Distribution, such as debian."),
            string("version", "Version of the distribution."),
            integer("cpus", "Number of logical processors."),
            integer("cores", "Number of processor cores."),
            integer("memory", "Size of the memory in bytes."),
            integer("boot_time", "When it was started, in seconds since the epoch."),
        ),
        _host,
        key=("hostname",),
    ),
    table(
        "load",
        "Load averages, in one row.",
        (
            number("load1", "Over 1 minute."),
            number("load5", "Over 5 minutes."),
            number("load15", "Over 15 minutes."),
        ),
        _load,
    ),
    table(
        "memory",
        "Use of memory and swap space.",
        (
            string("kind", "memory or swap.", nullable=False),
            integer("total", "Size in bytes."),
            integer("used", "Bytes in use."),
            integer("available", "Bytes that can be had without swapping; of swap, free bytes."),
            number("percent", "Share in use, in percent."),
        ),
        _memory,
        key=("kind",),
    ),
)
