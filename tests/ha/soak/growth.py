"""How much memory and how many open files processes have, as Linux tells."""

import pathlib
from collections.abc import Iterable
from dataclasses import dataclass

from tests.ha.node import Node

#: Open files that may be more at the end: connections come and go.
FILES = 20


@dataclass(frozen=True, slots=True)
class Size:
    """One process now."""

    process: int
    megabytes: float
    files: int


@dataclass(frozen=True, slots=True)
class Growth:
    """A node that lived through a series, after its first trial and at its end."""

    node: str
    before: Size
    after: Size

    @property
    def leaks(self) -> bool:
        """Whether it has more open files than comes and goes."""
        return self.after.files > self.before.files + FILES


def sizes(nodes: Iterable[Node]) -> dict[str, Size]:
    """The processes of nodes."""
    return {node.name: size(node.process.pid) for node in nodes if node.process}


def growth(before: dict[str, Size], after: dict[str, Size]) -> list[Growth]:
    """The nodes that are the same processes still."""
    return [
        Growth(name, size, after[name])
        for name, size in before.items()
        if name in after and after[name].process == size.process
    ]


def size(process: int) -> Size:
    """A process now."""
    folder = pathlib.Path(f"/proc/{process}")
    status = dict(
        line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
    )
    kilobytes = int(status["VmRSS"].split()[0])
    return Size(process, kilobytes / 1024, sum(1 for _ in (folder / "fd").iterdir()))
