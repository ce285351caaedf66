"""Problems are collected, and refused together."""

import unittest

from congress.kernel.errors import Problems, choices_hint
from congress.kernel.exit_codes import MEANINGS, ExitCode, exit_code
from congress.model.diagnostic import Refused, refuse


class ProblemsTest(unittest.TestCase):
    def test_errors_refuse_and_warnings_are_logged(self) -> None:
        problems = Problems()
        problems.warn("plugin", "odd")
        with self.assertLogs("congress.kernel.errors", "WARNING") as logged:
            problems.settle()
        self.assertIn("odd", logged.output[0])
        problems.add("plugin", "bad", hint="repair", where="here")
        with problems.gather():
            raise refuse("secret-key", "lost")
        with self.assertLogs(), self.assertRaises(Refused) as caught:
            problems.settle()
        self.assertEqual(["bad", "lost"], [one.message for one in caught.exception.diagnostics])

    def test_the_same_thing_counts_once(self) -> None:
        problems = Problems()
        problems.add("plugin", "bad")
        problems.add("plugin", "bad")
        self.assertEqual(1, len(problems.errors))

    def test_other_exceptions_pass(self) -> None:
        with self.assertRaises(KeyError), Problems().gather():
            raise KeyError

    def test_hints(self) -> None:
        self.assertEqual(
            "did you mean 'abc'? valid are: abc, xyz", choices_hint("abd", ["xyz", "abc"])
        )
        self.assertEqual("valid are: none", choices_hint("abd", []))


class ExitCodeTest(unittest.TestCase):
    def test_codes_follow_from_the_first_reason(self) -> None:
        for code, expected in (
            ("bad-configuration", 2),
            ("not-configured", 2),
            ("plugin", 2),
            ("secret-key", 2),
            ("duplicate", 3),
            ("schema-version", 4),
            ("unavailable", 1),
            ("internal", 1),
        ):
            self.assertEqual(expected, exit_code(refuse(code, "x")), code)

    def test_every_code_has_a_meaning(self) -> None:
        self.assertEqual(set(ExitCode), set(MEANINGS))
