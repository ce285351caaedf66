"""The threat model: every line of it names a test that exists and tries the attack."""

import importlib
import pathlib
import re
import unittest

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/security/threat-model.rst"

#: The least that the model has to speak of.
ATTACKERS = (
    "A web page against loopback",
    "A local user",
    "Members and readers",
    "Rule authors",
    "Driver authors",
    "Senders of webhooks",
    "Bus peers",
    "Readers of logs and answers",
    "Library files",
)


class ThreatModelTest(unittest.TestCase):
    def setUp(self) -> None:
        self.text = PAGE.read_text()

    def lines(self) -> list[list[str]]:
        """The cells of every line of the tables, without their headings."""
        rows = re.split(r"^   \* - ", self.text, flags=re.MULTILINE)[1:]
        cells = [re.split(r"^     - ", row.split("\n\n")[0], flags=re.MULTILINE) for row in rows]
        stripped = [[" ".join(cell.split()) for cell in row] for row in cells]
        return [row for row in stripped if row != ["Attack", "Defence", "Test"]]

    def test_every_line_names_a_test_that_exists(self) -> None:
        lines = self.lines()
        self.assertGreater(len(lines), 50)
        for attack, defence, test in lines:
            with self.subTest(attack=attack):
                self.assertTrue(attack and defence)
                named = re.fullmatch(r"``(test_\w+)\.(\w+)\.(test_\w+)``", test)
                self.assertIsNotNone(named, test)
                assert named is not None
                module = importlib.import_module(f"tests.attack.{named[1]}")
                case = getattr(module, named[2], None)
                self.assertTrue(isinstance(case, type) and issubclass(case, unittest.TestCase))
                self.assertTrue(callable(getattr(case, named[3], None)), test)

    def test_no_test_is_named_twice(self) -> None:
        tests = [test for _, _, test in self.lines()]
        self.assertEqual(sorted(set(tests)), sorted(tests))

    def test_it_speaks_of_every_attacker(self) -> None:
        headings = re.findall(r"^(.+)\n=+$", self.text, flags=re.MULTILINE)
        self.assertEqual([], [name for name in ATTACKERS if name not in headings])
