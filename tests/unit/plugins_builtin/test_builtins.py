"""Tests of the builtin sets: their descriptions, and each predicate's answers in rules."""

import inspect
import unittest

from congress.engine import CreatePolicy, Engine, InsertRules, UpdateTable, print_value
from congress.engine.run.join import call
from congress.model.values import TRUE, Value
from congress.testing.language import BUILTINS
from tests.unit.plugins_builtin.answers import ANSWERS, FAILS

BY_NAME = {builtin.name: builtin for builtin in BUILTINS}


def answer(name: str, *inputs: Value) -> object:
    builtin = BY_NAME[name]
    try:
        values = call(builtin.function, inputs, len(builtin.outputs))
    except Exception:
        return FAILS
    if values is None:
        return False
    if not builtin.outputs:
        return True
    return values[0] if len(values) == 1 else values


class CatalogueTest(unittest.TestCase):
    def test_every_name_once(self) -> None:
        self.assertEqual(len(BY_NAME), len(BUILTINS))
        self.assertEqual(len(BUILTINS), 42)

    def test_every_kind_of_answer_is_tried(self) -> None:
        self.assertEqual(set(ANSWERS), set(BY_NAME))
        for name, cases in ANSWERS.items():
            found = {case[-1] for case in cases}
            with self.subTest(name=name):
                if not BY_NAME[name].outputs:
                    self.assertLessEqual({True, False}, found)
                if name != "equal":
                    self.assertIn(FAILS, found)

    def test_descriptions_are_complete(self) -> None:
        for builtin in BUILTINS:
            with self.subTest(name=builtin.name):
                self.assertTrue(builtin.description)
                self.assertEqual(len(builtin.types), builtin.arity)
                parameters = inspect.signature(builtin.function).parameters
                self.assertEqual(len(parameters), len(builtin.inputs))
                self.assertEqual(builtin.deterministic, builtin.name != "now")

    def test_inline_expressions_compute_the_same(self) -> None:
        samples: tuple[Value, ...] = (1, 2.5, "a", "b", TRUE, None, 0)
        for builtin in BUILTINS:
            if not builtin.inline:
                continue
            code = compile(builtin.inline, builtin.name, "eval")
            for x in samples:
                for y in samples:
                    inputs = (x, y)[: len(builtin.inputs)]
                    names = dict(zip(builtin.inputs, inputs, strict=True))
                    try:
                        inline = eval(code, {"len": len}, names)
                    except Exception:
                        inline = FAILS
                    with self.subTest(name=builtin.name, inputs=inputs):
                        self.assertEqual(inline, answer(builtin.name, *inputs))

    def test_results_that_are_too_large_are_not_made(self) -> None:
        for inputs in (("a", 10**12), (1 << 700_000, 1 << 700_000)):
            with self.assertRaises(MemoryError):
                BY_NAME["mul"].function(*inputs)


class AnswersTest(unittest.TestCase):
    """Every case three times: called, written into a rule, and with inputs from a table."""

    def test_calls(self) -> None:
        for name, cases in ANSWERS.items():
            for *inputs, expected in cases:
                with self.subTest(name=name, inputs=inputs):
                    self.assertEqual(answer(name, *inputs), expected)  # type: ignore[arg-type]

    def test_rules_in_either_polarity(self) -> None:
        for name, cases in ANSWERS.items():
            if name == "now":
                continue
            count = len(BY_NAME[name].outputs)
            for *inputs, expected in cases:
                holds, denied = self.polarities(name, count, inputs, expected)
                with self.subTest(name=name, inputs=inputs):
                    if expected is FAILS:
                        self.assertEqual((holds, denied), ([], []))
                    elif not count:
                        self.assertEqual((bool(holds), bool(denied)), (expected, not expected))
                    else:
                        wanted = expected if count > 1 else (expected,)
                        self.assertEqual((holds, denied), ([wanted], [("other",)]))

    def polarities(
        self, name: str, count: int, inputs: list[Value], expected: object
    ) -> tuple[list[object], list[object]]:
        """What follows from a call, and from its denial: with the answer, and with another."""
        engine = Engine(BUILTINS)
        given = ", ".join(f"x{n}" for n in range(len(inputs)))
        outputs = [f"y{n}" for n in range(count)]
        call_ = f"builtin:{name}({', '.join([given, *outputs])})"
        read = f"i({given})"
        rules = [f"holds({', '.join(outputs)}) :- {read}, {call_}"]
        if not count or expected is FAILS:
            others = ", ".join([given, *["1"] * count])
            rules.append(f"denied(1) :- {read}, not builtin:{name}({others})")
        else:
            values = expected if isinstance(expected, tuple) else (expected,)
            same = ", ".join([given, *map(print_value, values)])
            other = ", ".join([given, *['"no such answer"'] * count])
            rules.append(f'denied("same") :- {read}, not builtin:{name}({same})')
            rules.append(f'denied("other") :- {read}, not builtin:{name}({other})')
        engine.transact([CreatePolicy("p"), InsertRules("p", " ; ".join(rules))])
        engine.transact([UpdateTable("p", "i", [tuple(inputs)])])
        return list(engine.rows("p", "holds")), list(engine.rows("p", "denied"))

    def test_constants_in_rules(self) -> None:
        engine = Engine(BUILTINS)
        engine.transact([CreatePolicy("p")])
        for name, cases in ANSWERS.items():
            outputs = [f"y{n}" for n in range(len(BY_NAME[name].outputs))]
            for *inputs, expected in cases if name != "now" else ():
                values = [print_value(value) for value in inputs]  # type: ignore[arg-type]
                if any(len(value) > 1_200 for value in values):
                    continue
                text = f"h({', '.join(outputs)}) :- {name}({', '.join([*values, *outputs])})"
                rows = engine.query("p", text).rows
                wanted = [expected] if isinstance(expected, tuple) else [(expected,)]
                if not outputs:
                    wanted = [()] if expected is True else []
                with self.subTest(text=text):
                    self.assertEqual(rows, [] if expected is FAILS else wanted)
