"""What holds for drivers that poll.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

import threading
from collections.abc import Iterable
from typing import ClassVar

from congress.interfaces.datasource import DatasourceDriver, Done, DriverError, PollRequest, Polls
from congress.model.delta import Batch
from congress.model.values import Row, row_from_plain
from congress.testing.datasource.context import Probe
from congress.testing.datasource.declaring import DatasourceCase, rows_of

_PATIENCE = 60.0


def read_all(
    driver: DatasourceDriver,
    probe: Probe,
    tables: Iterable[str] | None = None,
    *,
    cursor: object = None,
    patience: float = _PATIENCE,
) -> tuple[dict[str, frozenset[Row]], Done]:
    """Poll once and give the rows of each table, and how it ended.

    :param patience: seconds until the deadline, on the probe's clock.
    :raises DriverError: if the driver gave the poll up.
    """
    assert isinstance(driver, Polls)
    wanted = None if tables is None else frozenset(tables)
    deadline = probe.clock.monotonic() + patience
    *batches, done = driver.poll(PollRequest(wanted, cursor, deadline, probe.stop))
    assert isinstance(done, Done), "the last item of a poll is Done"
    found: dict[str, frozenset[Row]] = {}
    for batch in batches:
        assert isinstance(batch, Batch), "Done comes once, at the end"
        for change in batch.changes:
            assert change.table not in found, f"table {change.table!r} was given twice"
            found[change.table] = frozenset(row_from_plain(row) for row in rows_of(change))
    return found, done


class PollSuite(DatasourceCase):
    """Batches, then ``Done``; only what was asked for; an end when it is asked for."""

    tested: ClassVar[frozenset[type]] = frozenset({Polls})
    #: Whether two polls of the same state give the same rows (not so for live measurements).
    steady: bool = True

    def test_poll_gives_rows_that_fit(self) -> None:
        driver = self.opened()
        assert isinstance(driver, Polls)
        deadline = self.probe.clock.monotonic() + _PATIENCE
        *batches, done = driver.poll(PollRequest(None, None, deadline, self.probe.stop))
        self.assertIsInstance(done, Done)
        schema = driver.schema()
        for batch in batches:
            assert isinstance(batch, Batch)
            self.assertAlmostEqual(batch.as_of, self.probe.clock.time(), delta=_PATIENCE)
            self.assert_fits(schema, batch)

    def test_poll_is_complete(self) -> None:
        driver = self.opened()
        found, done = read_all(driver, self.probe)
        self.assertTrue(done.complete, done.failed)
        self.assertFalse(done.failed)
        self.assertLessEqual(set(driver.schema().tables), set(found))

    def test_poll_again_gives_the_same(self) -> None:
        driver = self.opened()
        first, _ = read_all(driver, self.probe)
        second, _ = read_all(driver, self.probe)
        self.assertEqual(set(first), set(second))
        if self.steady:
            self.assertEqual(first, second)

    def test_poll_reads_what_was_asked_for(self) -> None:
        driver = self.opened()
        for table in driver.schema().tables:
            with self.subTest(table=table):
                found, done = read_all(driver, self.probe, [table])
                self.assertEqual({table}, set(found))
                self.assertTrue(done.complete)
        found, done = read_all(driver, self.probe, [])
        self.assertEqual(({}, True), (found, done.complete))

    def test_poll_ends_when_stopped(self) -> None:
        driver = self.opened()
        self.probe.stop.set()
        self.assertFalse(self._completes(driver, _PATIENCE))

    def test_poll_ends_at_the_deadline(self) -> None:
        self.assertFalse(self._completes(self.opened(), 0.0))

    def _completes(self, driver: DatasourceDriver, patience: float) -> bool:
        """Whether a poll claims to have read everything."""
        try:
            return read_all(driver, self.probe, patience=patience)[1].complete
        except DriverError:
            return False

    def test_poll_leaves_no_thread(self) -> None:
        before = set(threading.enumerate())
        driver = self.opened()
        for _ in range(3):
            read_all(driver, self.probe)
        driver.close()
        self.assertEqual(set(), set(threading.enumerate()) - before)
        self.assert_silent()
