"""How long a node waits for its database: what the URL tells the driver."""

import unittest

import sqlalchemy as sa

from congress.plugins.storage.sql.patience import bounded


class BoundedTest(unittest.TestCase):
    def query(self, text: str) -> dict[str, object]:
        return dict(bounded(sa.make_url(text), 20).query)

    def test_each_driver_is_told_in_its_own_words(self) -> None:
        three = {"connect_timeout": "20", "read_timeout": "20", "write_timeout": "20"}
        self.assertEqual(three, self.query("mysql+pymysql://u@h/d"))
        self.assertEqual({"connect_timeout": "20"}, self.query("postgresql+psycopg://u@h/d"))
        self.assertEqual({}, self.query("mysql+unheard://u@h/d"))

    def test_what_the_operator_wrote_stays(self) -> None:
        found = self.query("mysql+pymysql://u@h/d?read_timeout=300&charset=utf8mb4")
        self.assertEqual("300", found["read_timeout"])
        self.assertEqual("20", found["connect_timeout"])
        self.assertEqual("utf8mb4", found["charset"])
