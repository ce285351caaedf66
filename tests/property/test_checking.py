"""What is told of texts beforehand is what happens when they are inserted."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import InsertRules
from congress.model.diagnostic import Refused, Severity, errors
from tests.property.test_engine_language import TEXTS
from tests.property.test_incremental import rules, start

#: Texts for the policies ``p`` and ``q``, which may refer to each other.
INSERTS = st.lists(
    st.sampled_from("ppq").flatmap(
        lambda policy: st.tuples(
            st.just(policy), st.lists(rules(policy), min_size=1, max_size=3).map(" ; ".join)
        )
    ),
    min_size=1,
    max_size=4,
)


class CheckingTest(unittest.TestCase):
    @given(INSERTS)
    def test_a_check_finds_what_would_be_refused(self, texts: list[tuple[str, str]]) -> None:
        engine = start("incremental")
        content = engine.content("p")
        findings = engine.check(texts)
        self.assertEqual(content, engine.content("p"))
        wrong = {each.code for found in findings for each in errors(found)}
        try:
            changes = engine.transact([InsertRules(policy, text) for policy, text in texts])
        except Refused as refusal:
            self.assertLessEqual({each.code for each in refusal.diagnostics}, wrong)
            return
        self.assertEqual(set(), wrong)
        advice = {each for found in findings for each in found if each.code != "duplicate-rule"}
        self.assertLessEqual(advice, set(changes.warnings))

    @given(TEXTS)
    def test_any_text_can_be_checked(self, text: str) -> None:
        (found,) = start("incremental").check([("p", text)])
        for each in found:
            self.assertIn(each.severity, Severity)
            self.assertTrue(each.render(text))
