"""Suite: rows given to datasources from outside.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from congress.model.values import FALSE, TRUE, Row
from congress.testing.storage.case import AWKWARD, StorageCase, a_datasource

#: Values that some database or JSON library would run together or spoil.
VALUES: list[Row] = [
    (1,), (2.0,), (1.5,), ("1",), ("1.0",), (TRUE,), (FALSE,), (0,), ("",), ("true",), (None,), (),
    ("None",), ("a",), ("A",), ("a ",), (10**40,), (-(10**40),), (1e300,), (5e-324,), (2**53 + 1,),
    (AWKWARD,), (None, None), ("a", 1, TRUE), ("\x00",), ("\ud800",), ("\\ud800",),
]  # fmt: skip


def typed(rows: frozenset[Row]) -> set[str]:
    """Rows as texts that tell 1 from 1.0 and true."""
    return {repr(row) for row in rows}


class PushedSuite(StorageCase):
    """Rows by datasource and table."""

    def provide_datasources(self) -> None:
        """Two datasources to push rows to."""
        with self.writing() as tx:
            tx.datasources.add(a_datasource("nova"))
            tx.datasources.add(a_datasource("heat"))

    def rows(self, table: str, datasource_id: str = "id-nova") -> frozenset[Row]:
        """What is stored of a table."""
        with self.reading() as tx:
            return tx.pushed.tables(datasource_id)[table]

    def test_values_keep_their_types(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=VALUES)
        self.assertEqual(typed(self.rows("t")), typed(frozenset(VALUES)))
        self.assertEqual(len(self.rows("t")), len(VALUES))

    def test_each_value_is_removed_alone(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=VALUES)
            tx.pushed.apply("id-nova", "t", remove=[(TRUE,), ("1",), (None,)])
        self.assertEqual(self.rows("t"), frozenset(VALUES) - {(TRUE,), ("1",), (None,)})

    def test_equal_numbers_are_one_row(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=[(1,), (1.0,)])
            tx.pushed.apply("id-nova", "t", add=[(1.0,), (2,)])
            tx.pushed.apply("id-nova", "t", remove=[(2.0,)])
        self.assertEqual(self.rows("t"), {(1,)})

    def test_tables_of_datasources_are_apart(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=[(1,)])
            tx.pushed.apply("id-nova", "T", add=[(2,)])
            tx.pushed.apply("id-heat", "t", add=[(3,)])
        self.assertEqual(self.rows("t"), {(1,)})
        self.assertEqual(self.rows("T"), {(2,)})
        self.assertEqual(self.rows("t", "id-heat"), {(3,)})
        with self.reading() as tx:
            self.assertEqual(tx.pushed.tables("none"), {})

    def test_rows_are_cleared_then_removed_then_added(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=[("a",), ("b",)])
            tx.pushed.apply("id-nova", "t", add=[("b",), ("c",)], remove=[("b",), ("a",)])
        self.assertEqual(self.rows("t"), {("b",), ("c",)})
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=[("d",)], clear=True)
        self.assertEqual(self.rows("t"), {("d",)})

    def test_a_table_that_was_emptied_is_still_there(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=[("a",)])
            tx.pushed.apply("id-nova", "t", clear=True)
            tx.pushed.apply("id-nova", "u")
        self.assertEqual(self.rows("t"), frozenset())
        self.assertEqual(self.rows("u"), frozenset())

    def test_removing_absent_rows_and_adding_present_ones_is_no_error(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=[("a",)], remove=[("b",)])
            tx.pushed.apply("id-nova", "t", add=[("a",)], remove=[("b",)])
        self.assertEqual(self.rows("t"), {("a",)})

    def test_many_rows(self) -> None:
        self.provide_datasources()
        rows: list[Row] = [(number, f"name-{number}", None) for number in range(3000)]
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=rows)
        with self.writing() as tx:
            tx.pushed.apply("id-nova", "t", add=rows[:2000], remove=rows[1000:])
        self.assertEqual(self.rows("t"), frozenset(rows[:2000]))

    def test_pushed_rows_need_their_datasource_and_go_with_it(self) -> None:
        self.provide_datasources()
        with self.writing() as tx:
            with self.assertRaises(KeyError):
                tx.pushed.apply("none", "t", add=[(1,)])
            tx.pushed.apply("id-nova", "t", add=[(1,)])
            tx.pushed.apply("id-heat", "t", add=[(1,)])
            tx.pushed.seen("id-nova", "key")
            tx.datasources.remove("id-nova")
            tx.datasources.add(a_datasource("nova"))
            self.assertEqual(tx.pushed.tables("id-nova"), {})
            self.assertFalse(tx.pushed.seen("id-nova", "key"))
        self.assertEqual(self.rows("t", "id-heat"), {(1,)})

    def test_a_key_is_seen_the_second_time(self) -> None:
        self.provide_datasources()
        keys = ["k", "K", "k ", AWKWARD * 100]
        with self.writing() as tx:
            self.assertEqual([tx.pushed.seen("id-nova", key) for key in keys], [False] * 4)
            with self.assertRaises(KeyError):
                tx.pushed.seen("none", "k")
        with self.writing() as tx:
            self.assertEqual([tx.pushed.seen("id-nova", key) for key in keys], [True] * 4)
            self.assertFalse(tx.pushed.seen("id-heat", "k"))

    def test_a_key_is_not_seen_if_its_transaction_failed(self) -> None:
        self.provide_datasources()
        with self.assertRaises(ZeroDivisionError), self.writing() as tx:
            tx.pushed.seen("id-nova", "k")
            raise ZeroDivisionError
        with self.writing() as tx:
            self.assertFalse(tx.pushed.seen("id-nova", "k"))
