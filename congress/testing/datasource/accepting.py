"""What holds for drivers that are given data.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from congress.interfaces.datasource import Accepts
from congress.model.delta import Batch, applied
from congress.model.diagnostic import Refused
from congress.model.values import Row
from congress.testing.datasource.declaring import DatasourceCase


class AcceptSuite(DatasourceCase):
    """Good payloads become rows that fit, bad ones are refused and change nothing."""

    tested: ClassVar[frozenset[type]] = frozenset({Accepts})
    #: Payloads with their table (``None`` for a webhook), each good on its own.
    payloads: Sequence[tuple[object, str | None]] = ()
    bad_payloads: Sequence[tuple[object, str | None]] = ()

    def test_accept_gives_rows_that_fit(self) -> None:
        self.assertTrue(self.payloads, "name some payloads to accept")
        for number, (payload, table) in enumerate(self.payloads):
            with self.subTest(number=number, table=table):
                driver = self.opened()
                assert isinstance(driver, Accepts)
                batch = driver.accept(payload, table)
                self.assertIsInstance(batch, Batch)
                if table is not None:
                    self.assertEqual({table}, batch.tables)
                self.assert_fits(driver.schema(), batch)

    def test_accept_again_gives_the_same_table(self) -> None:
        for payload, table in self.payloads:
            if table is None:
                continue
            driver = self.opened()
            assert isinstance(driver, Accepts)
            first, second = driver.accept(payload, table), driver.accept(payload, table)
            once = contents({}, first)
            self.assertEqual(once, contents(once, second))

    def test_refused_payload_changes_nothing(self) -> None:
        self.assertTrue(self.bad_payloads, "name some payloads to refuse")
        for number, (payload, table) in enumerate(self.bad_payloads):
            with self.subTest(number=number, table=table):
                driver = self.opened()
                assert isinstance(driver, Accepts)
                before = driver.schema()
                with self.assertRaises(Refused) as caught:
                    driver.accept(payload, table)
                self.assertEqual(before, driver.schema())
                self.assert_silent(str(caught.exception))
        self.assertEqual([], self.probe.emitted)


def contents(before: Mapping[str, frozenset[Row]], batch: Batch) -> dict[str, frozenset[Row]]:
    """The tables after a batch."""
    after = dict(before)
    for change in batch.changes:
        after[change.table] = applied(after.get(change.table, frozenset()), change)
    return after
