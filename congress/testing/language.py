"""Runs conformance cases of the policy language against the engine.

``python -m congress.testing.language FILE...`` takes YAML files of cases and
files of random programs (``.jsonl``, ``.jsonl.gz``), prints what failed, closes
with ``N passed, N failed`` and exits with 1 if anything failed.

May import anything but ``congress.api`` and ``congress.cli``. Expected and
actual texts are compared as parsed, so spelling and white space do not matter.

Invariant: a case starts from an empty engine and fails unless every step
succeeds and its question ends in exactly the expected form.
"""

import gzip
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from congress.engine import (
    Changes,
    Edit,
    Engine,
    Rule,
    Statement,
    edit_from_plain,
    parse,
    print_row,
    print_statement,
    valid_policy_name,
)
from congress.engine.lang.ast import Constant
from congress.model.builtin import Builtin
from congress.model.diagnostic import Refused
from congress.model.values import row_from_plain, to_plain
from congress.plugins.builtin import arithmetic, comparison, network, text, time, validation

Case = Mapping[str, Any]

BUILTINS: tuple[Builtin, ...] = tuple(
    builtin
    for module in (comparison, arithmetic, text, time, network, validation)
    for builtin in module.BUILTINS
)


class Subject:
    """An engine, and the calls that its action rules have asked for."""

    def __init__(self, engine: Engine | None = None) -> None:
        self.engine = engine or Engine(BUILTINS)
        self.fired: list[str] = []

    def transact(self, *edits: Edit) -> Changes:
        """Run one transaction and note the actions that newly hold."""
        before = self._held()
        changes = self.engine.transact(edits)
        self.fired += [call for _, call in sorted(self._held() - before)]
        return changes

    def _held(self) -> set[tuple[str, str]]:
        """What is asked for, by policy; which rule asks does not matter."""
        return {
            (wish.policy, print_row(f"{wish.datasource}:{wish.action}", wish.arguments))
            for wish in self.engine.desired_actions()
        }


# -- cases ------------------------------------------------------------------------


def run_case(case: Case) -> str | None:
    """What is wrong with the answer to a case, or nothing."""
    subject = Subject()
    for step in case.get("steps", ()):
        try:
            _step(subject, step)
        except Refused as refusal:
            return f"step {step} was refused: {_codes(refusal)}"
    (kind, request), *_ = case["ask"].items()
    try:
        form, got = ASKS[kind](subject, request)
    except Refused as refusal:
        form, got = "refused", _codes(refusal)
    (expected_form, expected), *_ = case["expect"].items()
    if form == expected_form and COMPARISONS[form](expected, got, bool(case.get("exact"))):
        return None
    return f"expected {expected_form} {expected!r}, got {form} {got!r}"


def _step(subject: Subject, step: Case) -> None:
    (kind, request), *_ = step.items()
    if kind == "forget-actions":
        subject.fired.clear()
    elif kind == "attempt":
        (question, details), *_ = request.items()
        try:
            ASKS[question](subject, details)
        except Refused:
            return
    else:
        subject.transact(edit_from_plain(step))


Result = tuple[str, Any]


def _insert(subject: Subject, request: Case) -> Result:
    return "accepted", subject.transact(edit_from_plain({"insert": request})).accepted


def _create(subject: Subject, request: Case) -> Result:
    subject.transact(edit_from_plain({"policy": request}))
    return "accepted", 1


def _query(subject: Subject, request: Case) -> Result:
    return "rows", subject.engine.query(request["policy"], request["text"]).texts


def _simulate(subject: Subject, request: Case) -> Result:
    simulation = subject.engine.simulate(
        request["policy"],
        request["query"],
        request["sequence"],
        request["action_policy"],
        delta=bool(request.get("delta")),
    )
    return "rows", simulation.result


def _constants(subject: Subject, request: str) -> Result:
    (statement,) = parse(request)
    assert isinstance(statement, Rule)
    terms = statement.head.arguments
    return "constants", [to_plain(term.value) for term in terms if isinstance(term, Constant)]


ASKS: Mapping[str, Callable[[Subject, Any], Result]] = {
    "insert": _insert,
    "policy": _create,
    "query": _query,
    "simulate": _simulate,
    "constants": _constants,
    "policy-name": lambda subject, name: ("valid", valid_policy_name(name) is None),
    "parse": lambda subject, text: ("statements", [print_statement(s) for s in parse(text)]),
    "actions": lambda subject, request: ("actions", list(subject.fired)),
    "content": lambda subject, request: ("rows", subject.engine.content(request["policy"])),
}


# -- comparing --------------------------------------------------------------------


def _same_rows(expected: Sequence[str], got: Sequence[str], exact: bool) -> bool:
    if len(set(got)) != len(got):
        return False
    if exact:
        return _spelled(expected) == _spelled(got)
    return set(_parsed(expected)) == set(_parsed(got))


def _same_statements(expected: Sequence[str], got: Sequence[str], exact: bool) -> bool:
    return [text.split() for text in expected] == [text.split() for text in got]


def _parsed(texts: Iterable[str]) -> list[Statement]:
    return [parse(text)[0] for text in texts]


def _spelled(texts: Iterable[str]) -> set[str]:
    return {print_statement(statement) for statement in _parsed(texts)}


def _refused(expected: str | list[str], got: list[str], exact: bool) -> bool:
    labels = [expected] if isinstance(expected, str) else expected
    return any(label in got for label in labels)


COMPARISONS: Mapping[str, Callable[[Any, Any, bool], bool]] = {
    "rows": _same_rows,
    "statements": _same_statements,
    "refused": _refused,
    "actions": lambda expected, got, exact: Counter(_parsed(expected)) == Counter(_parsed(got)),
    "constants": lambda expected, got, exact: repr(expected) == repr(got),
    "accepted": lambda expected, got, exact: bool(expected == got),
    "valid": lambda expected, got, exact: expected is got,
}


def _codes(refusal: Refused) -> list[str]:
    return [diagnostic.code for diagnostic in refusal.diagnostics]


# -- random programs --------------------------------------------------------------


def run_program(program: Case) -> str | None:
    """What is wrong with the tables or actions of a random program, or nothing."""
    subject = Subject()
    try:
        for step in _first_steps(program):
            subject.transact(edit_from_plain(step))
        return _fired(subject, program, "fired_by_rules") or _run_updates(subject, program)
    except Refused as refusal:
        return f"refused: {[diagnostic.message for diagnostic in refusal.diagnostics]}"


def _first_steps(program: Case) -> Iterator[Case]:
    """What comes before the updates."""
    for policy in program["policies"]:
        yield {"policy": policy}
    for name, tables in program["schemas"].items():
        yield {"schema": {"policy": name, "tables": tables}}
    for name, tables in program["load"].items():
        yield {"replace": {"policy": name, "tables": tables}}
    for rule in program["rules"]:
        yield {"insert": rule}


def _run_updates(subject: Subject, program: Case) -> str | None:
    checks = {check["after"]: check["tables"] for check in program["checks"]}
    if max(checks, default=0) > len(program["updates"]):
        return f"a check after {max(checks)} of {len(program['updates'])} updates"
    for number, update in enumerate([None, *program["updates"]]):
        if update is not None:
            subject.transact(edit_from_plain({"update": update}))
        if problem := _compare_tables(subject.engine, checks.get(number, {})):
            return f"after {number} updates: {problem}"
    return _fired(subject, program, "fired_by_updates")


def _fired(subject: Subject, program: Case, name: str) -> str | None:
    fired, subject.fired = subject.fired, []
    expected = Counter(_parsed(program[name]))
    got = Counter(_parsed(fired))
    if expected == got:
        return None
    missing = [print_statement(s) for s in (expected - got).elements()]
    surplus = [print_statement(s) for s in (got - expected).elements()]
    return f"{name}: missing {missing}, surplus {surplus}"


def _compare_tables(engine: Engine, tables: Mapping[str, list[list[object]]]) -> str | None:
    for name, expected in tables.items():
        policy, _, table = name.partition(":")
        got = set(engine.rows(policy, table)) if table in engine.tables(policy) else set()
        if got != {row_from_plain(row) for row in expected}:
            return f"{name}: expected {expected}, got {sorted(map(str, got))}"
    return None


# -- files ------------------------------------------------------------------------


def read_cases(path: Path) -> list[tuple[str, Callable[[], str | None]]]:
    """The cases of a file: an id, and a function that says what went wrong."""
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return [_named(run_program, program) for program in _programs(path)]
    cases = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [_named(run_case, case) for case in cases]


def _programs(path: Path) -> Iterator[Case]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for line in data.decode().split("\n"):
        if line.strip():
            yield json.loads(line)


def _named(run: Callable[[Case], str | None], case: Case) -> tuple[str, Callable[[], str | None]]:
    return str(case["id"]), lambda: run(case)


def _outcome(run: Callable[[], str | None]) -> str | None:
    """What went wrong with a case, a crash included."""
    try:
        return run()
    except Exception as error:
        return f"crashed: {error!r}"


def main(arguments: Sequence[str]) -> int:
    """Run the cases of some files; 1 if any failed, 2 without files."""
    if not arguments:
        print("usage: python -m congress.testing.language FILE...")
        return 2
    passed = failed = 0
    for argument in arguments:
        try:
            cases = read_cases(Path(argument))
        except (OSError, EOFError, ValueError, zlib.error, yaml.YAMLError) as error:
            failed += 1
            print(f"{argument}: cannot be read: {error}")
            continue
        for name, run in cases:
            problem = _outcome(run)
            if problem is None:
                passed += 1
            else:
                failed += 1
                print(f"{name}: {problem}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
