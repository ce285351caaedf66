"""What the attacks on the engine share: guards, and the whole state for comparison."""

import contextlib
import pathlib
import signal
import unittest
from collections.abc import Iterator

from congress.engine import CreatePolicy, Edit, Engine, InsertRules, Limits, UpdateTable
from congress.model.diagnostic import Refused
from congress.testing.language import BUILTINS

#: Seconds of work after which a test counts as one that never ends.
ENDLESS = 250
MEGABYTE = 1 << 20


@contextlib.contextmanager
def ends() -> Iterator[None]:
    """Fail instead of hanging. Counts this process's own time, however busy the machine is."""

    def late(*_: object) -> None:
        raise AssertionError("this does not end")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, ENDLESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def memory(case: unittest.TestCase, megabytes: int) -> Iterator[None]:
    """Fail if the process needs more memory than that besides what it has."""
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    yield
    case.assertLess(_resident("VmHWM") - before, megabytes << 10)


def _resident(field: str) -> int:
    """Kilobytes of memory in use now (VmRSS), or at most since the last reset (VmHWM)."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0])


class AttackCase(unittest.TestCase):
    """An engine at work: ``p`` ordinary, ``g`` recursive, rows, rules and an action."""

    limits = Limits()

    def setUp(self) -> None:
        guard = ends()
        guard.__enter__()
        self.addCleanup(guard.__exit__, None, None, None)
        self.engine = Engine(BUILTINS, limits=self.limits)
        self.engine.transact(
            [
                CreatePolicy("p"),
                CreatePolicy("g", "datalog"),
                InsertRules("p", 'b(1) b(2) w("a") big(x) :- b(x), builtin:gt(x, 1)'),
                InsertRules("p", "execute[n:stop(x)] :- big(x)"),
                InsertRules("g", "l(1, 2) l(2, 3) r(x, y) :- l(x, y)  r(x, z) :- r(x, y), l(y, z)"),
            ]
        )

    def state(self) -> object:
        """Everything that can be seen from outside."""
        engine = self.engine
        return (
            dict(engine.policies()),
            {policy: engine.content(policy) for policy in engine.policies()},
            {
                (policy, table): set(engine.rows(policy, table))
                for policy in engine.policies()
                for table in engine.tables(policy)
            },
            engine.desired_actions(),
        )

    def assert_usable(self) -> None:
        """The engine goes on as if nothing had happened."""
        changes = self.engine.transact([UpdateTable("p", "b", [(7,)])])
        self.assertEqual(changes.tables["p", "big"].added, {(7,)})
        self.assertEqual({action.arguments for action in changes.activated}, {(7,)})
        self.engine.transact([UpdateTable("p", "b", [], [(7,)])])
        self.engine.transact([UpdateTable("g", "l", [(3, 4)])])
        self.assertIn((1, 4), self.engine.rows("g", "r"))
        self.engine.transact([UpdateTable("g", "l", [], [(3, 4)])])

    def refused(self, *edits: Edit) -> set[str]:
        """The codes of a refusal that changed nothing."""
        before = self.state()
        with self.assertRaises(Refused) as caught:
            self.engine.transact(edits)
        self.assertEqual(self.state(), before)
        self.assert_usable()
        self.assertEqual(self.state(), before)
        for diagnostic in caught.exception.diagnostics:
            self.assertTrue(diagnostic.message)
            self.assertTrue(diagnostic.hint)
        return {diagnostic.code for diagnostic in caught.exception.diagnostics}
