"""The table of refusals: complete, and the one body."""

import json
import unittest

from congress.api.errors import ANSWERS, Answer, RouteRefused, answer_of, error_body
from congress.model.diagnostic import CODES, Diagnostic, Refused, Severity, Span


class AnswerTest(unittest.TestCase):
    def test_every_code_has_an_answer(self) -> None:
        self.assertEqual(set(CODES), set(ANSWERS))

    def test_only_faults_of_this_side_are_5xx(self) -> None:
        ours = {code for code, answer in ANSWERS.items() if answer.status >= 500}
        self.assertEqual(
            {
                *("internal", "action-failed", "driver-error", "unavailable", "timeout"),
                *("not-configured", "secret-key", "schema-version"),
            },
            ours,
        )

    def test_the_first_error_decides(self) -> None:
        refused = Refused(
            Diagnostic("unused-variable", "w", severity=Severity.WARNING),
            Diagnostic("not-found", "e"),
        )
        self.assertEqual(404, answer_of(refused).status)

    def test_a_route_may_decide_itself(self) -> None:
        refused = RouteRefused(Answer(400, 1016), Diagnostic("not-found", "e"))
        self.assertEqual(Answer(400, 1016), answer_of(refused))


class BodyTest(unittest.TestCase):
    def test_the_message_says_all(self) -> None:
        diagnostics = [
            Diagnostic("syntax", "no rule", Span(3, 4, 2, 1), "write one", where="rules[0]"),
            Diagnostic("arity", "too many"),
        ]
        error = json.loads(error_body(diagnostics, 1002))["error"]
        self.assertEqual("no rule (line 2, column 1) - write one; too many", error["message"])
        self.assertEqual("rules[0]", error["error_data"])
        self.assertEqual(["syntax", "arity"], [d["code"] for d in error["diagnostics"]])
