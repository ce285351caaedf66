"""A simulation answers what would be so if its sequence were done, and does nothing."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from congress.engine import (
    CreatePolicy,
    DeleteRules,
    Edit,
    Engine,
    InsertRules,
    UpdateTable,
    print_row,
)
from congress.model.diagnostic import Refused
from tests.property.test_incremental import (
    ARITY,
    DERIVED,
    FED,
    HISTORIES,
    STORED,
    attempt,
    check_state,
    contents,
    row_sets,
    rules,
    start,
)

#: An item of a sequence, and the edit that does the same.
Step = tuple[str, Edit]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """A change of one row, or of one rule."""
    sign = draw(st.sampled_from("+-"))
    if draw(st.booleans()):
        text = draw(rules("p"))
        head, arrow, body = text.partition(" :- ")
        table, bracket, rest = head.partition("(")
        item = f"{table}{sign}{bracket}{rest}{arrow}{body}"
        edit = InsertRules("p", text) if sign == "+" else DeleteRules("p", text)
        return (item, edit) if not head.startswith("execute") else draw(steps())
    name = draw(st.sampled_from([*FED, *STORED, "a", "b"]))
    place, _, table = name.rpartition(":")
    rows = draw(row_sets(ARITY[name]).filter(bool))
    added, removed = (rows[:1], []) if sign == "+" else ([], rows[:1])
    return print_row(name + sign, rows[0]), UpdateTable(place or "p", table, added, removed)


def question(name: str) -> str:
    variables = ", ".join(f"v{number}" for number in range(ARITY[name]))
    return f"{name}({variables})"


def answers(texts: list[str], *, sign: str = "") -> set[str]:
    """Answers; of equal numbers either spelling will do."""
    return {text.replace(f"{sign}(", "(", 1).replace("1.0", "1") for text in texts}


class SimulationTest(unittest.TestCase):
    @given(HISTORIES, st.lists(steps(), max_size=5), st.sampled_from(sorted({**STORED, **DERIVED})))
    def test_it_is_as_if_it_were_done(
        self, history: list[list[Edit]], sequence: list[Step], name: str
    ) -> None:
        engine, done = start("incremental"), start("incremental")
        for transaction in history:
            attempt(engine, transaction)
            attempt(done, transaction)
        for each in (engine, done):
            attempt(each, [CreatePolicy("acts", "action")])
        before, content = contents(engine), engine.content("p")
        items = " ".join(item for item, _ in sequence)
        try:
            after = engine.simulate("p", question(name), items, "acts").result
            delta = engine.simulate("p", question(name), items, "acts", delta=True).result
        except Refused:
            self.assertFalse(self.does(done, sequence), items)
        else:
            self.assertTrue(self.does(done, sequence), items)
            asked = question(name)
            old, new = (answers(each.query("p", asked).texts) for each in (engine, done))
            self.assertEqual(answers(after), new, items)
            gained = [text for text in delta if f"{name}+(" in text]
            lost = [text for text in delta if f"{name}-(" in text]
            self.assertEqual(answers(gained, sign="+"), new - old, items)
            self.assertEqual(answers(lost, sign="-"), old - new, items)
        self.assertEqual(contents(engine), before)
        self.assertEqual(engine.content("p"), content)
        check_state(self, engine)

    def does(self, engine: Engine, sequence: list[Step]) -> bool:
        """Do the changes one after the other; tell whether all of them were possible."""
        for _, edit in sequence:
            try:
                changes = engine.transact([edit])
            except Refused:
                return False
            if changes.rejected:
                return False
        return True
