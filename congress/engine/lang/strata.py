"""Groups of mutually dependent nodes, in an order in which they can be worked off.

May import the standard library only. Nothing here recurses, however long a
chain of dependencies is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Generic, TypeVar

Node = TypeVar("Node")


def components(
    nodes: Iterable[Node], successors: Callable[[Node], Iterable[Node]]
) -> list[list[Node]]:
    """The strongly connected components, those that others depend on first.

    :param successors: the nodes that a node depends on.
    """
    return list(_Tarjan(successors).run(nodes))


def reachable(start: Iterable[Node], successors: Callable[[Node], Iterable[Node]]) -> set[Node]:
    """The nodes that can be reached, the first ones included."""
    seen = set(start)
    waiting = list(seen)
    while waiting:
        for node in successors(waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def cyclic(component: Collection[Node], successors: Callable[[Node], Iterable[Node]]) -> bool:
    """Whether a component is a cycle and not one node that merely is there."""
    return len(component) > 1 or any(
        node in component for each in component for node in successors(each)
    )


class _Tarjan(Generic[Node]):
    """Tarjan's algorithm with an explicit stack."""

    def __init__(self, successors: Callable[[Node], Iterable[Node]]) -> None:
        self._successors = successors
        self._number: dict[Node, int] = {}
        self._low: dict[Node, int] = {}
        self._open: list[Node] = []
        self._is_open: set[Node] = set()

    def run(self, nodes: Iterable[Node]) -> Iterator[list[Node]]:
        for node in nodes:
            if node not in self._number:
                yield from self._from(node)

    def _enter(self, node: Node) -> tuple[Node, Iterator[Node]]:
        self._number[node] = self._low[node] = len(self._number)
        self._open.append(node)
        self._is_open.add(node)
        return node, iter(self._successors(node))

    def _from(self, root: Node) -> Iterator[list[Node]]:
        stack = [self._enter(root)]
        while stack:
            node, rest = stack[-1]
            for other in rest:
                if other not in self._number:
                    stack.append(self._enter(other))
                    break
                if other in self._is_open:
                    self._low[node] = min(self._low[node], self._number[other])
            else:
                stack.pop()
                if stack:
                    parent = stack[-1][0]
                    self._low[parent] = min(self._low[parent], self._low[node])
                if self._low[node] == self._number[node]:
                    yield self._close(node)

    def _close(self, root: Node) -> list[Node]:
        component: list[Node] = []
        while True:
            node = self._open.pop()
            self._is_open.discard(node)
            component.append(node)
            if node == root:
                return component
