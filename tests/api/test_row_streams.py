"""Large lists of rows: whole, in order, and never held as a whole."""

from typing import Any
from urllib.parse import urlsplit

from congress.model.diagnostic import refuse
from congress.roles.listings import PIECE_ROWS
from tests.api.case import ApiTestCase
from tests.api.fake_datasources import select

PATH = "/v1/policies/classification/tables/error/rows"
MANY = 2 * PIECE_ROWS + 500


class RowStreamTest(ApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.rows = [[f"vm{number:05d}", number] for number in range(MANY)]
        self.behind.engine.rows["classification", "error"] = self.rows

    def data(self, found: Any) -> list[Any]:
        return [row["data"] for row in found["results"]]

    def test_all_of_a_policy_and_of_a_data_source(self) -> None:
        found = self.get(PATH)
        self.assertEqual(self.rows, self.data(found))
        self.assertEqual(["Col0", "Col1"], found["columns"])
        self.cloud().tables_held["servers"] = self.rows
        path = "/v1/data-sources/cloud1/tables/servers/rows"
        self.assertEqual(self.rows, self.data(self.get(path)))
        objects = self.get(path + "?format=objects&fields=size")["results"]
        self.assertEqual([{"size": row[1]} for row in self.rows], objects)

    def test_the_next_page_begins_where_a_large_one_ends(self) -> None:
        first = self.get(PATH + f"?limit={PIECE_ROWS + 200}")
        self.assertEqual(self.rows[: PIECE_ROWS + 200], self.data(first))
        following = urlsplit(first["next"])
        rest = self.get(f"{following.path}?{following.query}")
        self.assertEqual(self.rows[PIECE_ROWS + 200 : 2 * PIECE_ROWS + 400], self.data(rest))

    def test_the_rest_is_asked_for_where_the_first_rows_came_from(self) -> None:
        self.get(PATH)
        asked = [node for method, node in self.behind.bus.asked if method == "listing_more"]
        self.assertEqual(["node", "node"], asked)

    def test_a_million_rows_are_never_held_as_a_whole(self) -> None:
        pieces, fetched = 1000, 1
        piece = [[f"vm{number:04d}", number] for number in range(PIECE_ROWS)]

        def row_list(**asked: Any) -> Any:
            return {**select(piece, ["a", "b"]), "rest": "node/x", "revision": 1}

        def listing_more(listing: str) -> Any:
            nonlocal fetched
            fetched += 1
            return {"piece": piece, "rest": None if fetched == pieces else "node/x"}

        self.behind.engine.row_list, self.behind.engine.listing_more = row_list, listing_more
        response = self.send("GET", PATH)
        rows = largest = 0
        for sent, text in enumerate(response.response, 1):
            self.assertLessEqual(fetched, sent)
            largest = max(largest, len(text))
            rows += text.count(b'"data"')
        self.assertEqual(1_000_000, rows)
        self.assertLess(largest, 100_000)

    def test_an_answer_that_breaks_off_cannot_be_taken_for_whole(self) -> None:
        def listing_more(listing: str) -> Any:
            raise refuse("unavailable", "the engine went away")

        self.behind.engine.listing_more = listing_more
        response = self.send("GET", PATH)
        with self.assertRaisesRegex(Exception, "went away"):
            list(response.response)
