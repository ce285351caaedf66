"""Tests of ``congress lang fmt``."""

from tests.unit.cli_lang.case import LangTestCase

UNTIDY = "a( 1 ).\n\n\n# about b\nb(x):-a(x) # why\n"
TIDY = "a(1)\n\n# about b\nb(x) :- a(x)  # why\n"


class FormatTest(LangTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("p.rules", UNTIDY)
        self.write("q.rules", TIDY)

    def test_prints(self) -> None:
        self.assertEqual(TIDY + TIDY, self.output("fmt", "p.rules", "q.rules"))
        self.assertEqual(UNTIDY, self.read("p.rules"))

    def test_writes(self) -> None:
        self.assertEqual("", self.output("fmt", "--write", "p.rules", "q.rules"))
        self.assertEqual(TIDY, self.read("p.rules"))

    def test_checks(self) -> None:
        self.assertEqual("", self.output("fmt", "--check", "q.rules"))
        code, out, _err = self.lang("fmt", "--check", "p.rules", "q.rules")
        self.assertEqual((1, "p.rules\n"), (code, out))
        self.assertEqual(UNTIDY, self.read("p.rules"))

    def test_shows_the_difference(self) -> None:
        out = self.output("fmt", "--diff", "p.rules", "q.rules")
        self.assertIn("-b(x):-a(x) # why\n+b(x) :- a(x)  # why\n", out)
        self.assertNotIn("q.rules", out)

    def test_what_does_not_read_stays_and_the_rest_is_done(self) -> None:
        self.write("bad.rules", "a(\n")
        self.write("p.yaml", "name: p\nrules: []\n")
        code, _out, err = self.lang("fmt", "--write", "bad.rules", "gone", "p.yaml", "p.rules")
        self.assertEqual(1, code)
        self.assertIn("bad.rules:2:1: error[syntax]", err)
        self.assertIn("gone: error[invalid]: the file cannot be read", err)
        self.assertIn("p.yaml: error[unsupported]", err)
        self.assertEqual("a(\n", self.read("bad.rules"))
        self.assertEqual(TIDY, self.read("p.rules"))
