"""Tests of policies: what is given, what happens then, and what is expected.

May import the engine's interface, msgspec and its neighbours only.

Invariant: every test has an engine of its own; nothing of one reaches another.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from congress.cli.lang.checking import check_policies
from congress.cli.lang.documents import (
    Given,
    PolicyFile,
    each_once,
    given_of,
    parse_yaml,
    read_policy,
    read_text,
)
from congress.cli.lang.findings import about_files
from congress.cli.lang.world import Watch, World
from congress.engine import Changes, Engine, Rule, Statement, parse, print_row, print_statement
from congress.model.diagnostic import Refused, refuse


class _Query(msgspec.Struct, forbid_unknown_fields=True):
    policy: str
    text: str


class _Simulation(msgspec.Struct, forbid_unknown_fields=True):
    policy: str
    query: str
    sequence: str
    action_policy: str
    delta: bool = False


class _Expectation(msgspec.Struct, forbid_unknown_fields=True):
    """``query`` or ``simulate`` with ``rows``, or ``actions`` alone."""

    query: str | _Query | None = None
    simulate: _Simulation | None = None
    rows: list[str] | None = None
    actions: list[str] | None = None


class _Case(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    expect: list[_Expectation]
    given: str | list[Any] = []
    when: str | list[Any] = []


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    policies: list[str]
    tests: list[_Case]
    given: str | list[Any] = []


@dataclass(frozen=True, slots=True)
class TestFile:
    """A file of tests, and the policies that it tests."""

    path: Path
    policies: tuple[PolicyFile, ...]
    given: tuple[Given, ...]
    cases: tuple[_Case, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one test; without problems it has passed."""

    file: str
    name: str
    problems: list[str] = field(default_factory=list)


def read_tests(path: Path) -> TestFile:
    """The tests in a YAML file.

    :raises Refused: it, or a file that it names, cannot be used.
    """
    document = parse_yaml(path, read_text(path), _Document)
    for what, there in (("policies", document.policies), ("tests", document.tests)):
        if not there:
            raise refuse("invalid", f"the list of {what} is empty", where=str(path))
    policies = tuple(read_policy(path.parent / name) for name in document.policies)
    given = given_of(path, document.given)
    return TestFile(path, policies, tuple(each_once([given], policies)), tuple(document.tests))


def run_tests(tests: TestFile, watch: Watch = lambda engine: None) -> Iterator[Outcome]:
    """The outcome of every test of a file; one that stands for all if no test can run.

    :param watch: called with a test's engine whenever something has changed in it.
    """
    file = str(tests.path)
    if problems := _broken(tests):
        yield Outcome(file, "the policies can be used", problems)
        return
    for case in tests.cases:
        try:
            yield Outcome(file, case.name, list(_run(tests, case, watch)))
        except Refused as refusal:
            yield Outcome(file, case.name, [each.render() for each in refusal.diagnostics])


def _broken(tests: TestFile) -> list[str]:
    """Why no test of a file can run."""
    world = World()
    try:
        _begin(world, tests)
    except Refused as refusal:
        return [finding.render() for finding in about_files(refusal)]
    findings = check_policies(world, tests.policies)
    return [finding.render() for finding in findings if finding.error]


def _begin(world: World, tests: TestFile) -> None:
    """What is the same for every test of a file."""
    for given in tests.given:
        world.give(given)
    for policy in tests.policies:
        world.create(policy)


def _run(tests: TestFile, case: _Case, watch: Watch) -> Iterator[str]:
    """What is not as a test expects."""
    world = World()
    _begin(world, tests)
    world.watch = watch
    changes = [world.insert(tests.policies), *world.give(given_of(tests.path, case.given))]
    if case.when:
        changes = world.give(given_of(tests.path, case.when))
    for expectation in case.expect:
        yield from _compare(world.engine, tests.policies[0].name, expectation, changes)


def _compare(
    engine: Engine, policy: str, expectation: _Expectation, changes: Iterable[Changes]
) -> Iterator[str]:
    """How an expectation differs from what there is.

    :param policy: where a query is asked that names no policy.
    """
    query, simulation = expectation.query, expectation.simulate
    rows, actions = expectation.rows, expectation.actions
    match (query, simulation, rows, actions):
        case (str() | _Query(), None, list(), None):
            asked = _Query(policy, query) if isinstance(query, str) else query
            found = engine.query(asked.policy, asked.text).texts
            if not found:
                yield from _unknown(engine, asked)
            yield from _differences(f"query {asked.text}", rows, found)
        case (None, _Simulation(), list(), None):
            wanted = msgspec.structs.asdict(simulation)
            found = engine.simulate(**wanted).result
            yield from _differences(f"simulate {simulation.query}", rows, found)
        case (None, None, None, list()):
            yield from _differences("actions", actions, list(_calls(changes)))
        case _:
            hint = "expect query and rows, or simulate and rows, or actions"
            raise refuse("invalid", "an expectation is of none of the known forms", hint=hint)


def _unknown(engine: Engine, asked: _Query) -> Iterator[str]:
    """That an atom's table is known to nobody: it has no rows, whatever the policies say."""
    (statement,) = parse(asked.text)
    if not isinstance(statement, Rule) or statement.body is not None or statement.head.modal:
        return
    atom = statement.head
    policy = asked.policy if atom.policy is None else atom.policy
    known = policy in engine.policies() and atom.table in engine.tables(policy)
    if not known and policy != "builtin":
        yield f"query {asked.text}: nothing defines or reads {policy}:{atom.table}"


def _calls(changes: Iterable[Changes]) -> Iterator[str]:
    """The actions that some transactions called."""
    for each in changes:
        for wish in each.activated:
            yield print_row(f"{wish.datasource}:{wish.action}", wish.arguments)


def _differences(what: str, expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    """What is missing and what is too much; numbers count by value."""
    wanted, given = Counter(_parsed(expected)), Counter(_parsed(found))
    for word, rest in (("missing", wanted - given), ("unexpected", given - wanted)):
        if rest:
            yield f"{what}: {word} {', '.join(sorted(map(print_statement, rest.elements())))}"


def _parsed(texts: Iterable[str]) -> list[Statement]:
    return [statement for text in texts for statement in parse(text)]
