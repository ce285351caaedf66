"""Draws random programs with their expected contents: ``cases/random.jsonl.gz``.

``python -m tests.conformance.make_programs FILE [SEED...]``; the naive evaluator,
which has nothing in common with the evaluation by deltas, says what is expected.

Invariant: one seed always gives the same program, and every rule of a program is
one that the engine accepts and that derives some rows, though not too many.
"""

import gzip
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from congress.engine import Engine, edit_from_plain
from congress.model.diagnostic import Refused
from congress.model.values import row_order_key, row_to_plain
from congress.testing.language import BUILTINS, Subject

Step = dict[str, Any]
#: A table's name as the policy writes it, and the sort of value in each column.
Table = tuple[str, str]

SEEDS = range(1, 17)
#: Sorts of values: letters are columns of one sort, and join with each other.
VALUES: dict[str, Sequence[Any]] = {
    "h": [f"host-{number}" for number in range(9)],
    "u": ["anna", "bo", "cy", "dee", "eve"],
    "n": range(7),
}
SOURCE: dict[str, str] = {"runs": "hu", "slots": "hn", "trusts": "uu"}
OWN: dict[str, str] = {"watched": "h", "limit": "un"}
RULES = 8
UPDATES = 20
MOST_ROWS = 120


class Draft:
    """A program in the making, and the engine that holds what there is of it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.recursive = seed % 2 == 0
        self.subject = Subject(Engine(BUILTINS, evaluator="naive"))
        self.tables: list[Table] = [(f"src:{name}", sorts) for name, sorts in SOURCE.items()]
        self.tables += OWN.items()
        self.derived: list[Table] = []

    def rows(self, sorts: str, most: int) -> list[list[Any]]:
        """Different rows for columns of some sorts."""
        drawn = {
            tuple(self.random.choice(VALUES[sort]) for sort in sorts)
            for _ in range(self.random.randint(most // 2, most))
        }
        return [list(row) for row in sorted(drawn)]

    def accepts(self, step: Step) -> bool:
        """Do a step, unless it is refused."""
        try:
            self.subject.transact(edit_from_plain(step))
        except Refused:
            return False
        return True

    # -- rules ------------------------------------------------------------------------

    def rule(self, number: int) -> tuple[str, Table]:
        """A rule for a new table out of the tables there are, and the table."""
        names: dict[str, str] = {}
        tables = self.random.sample(self.tables, k=min(self.random.randint(1, 3), 3))
        body = [self.literal(table, names) for table in tables]
        if self.random.random() < 0.5:
            body.append("not " + self.literal(self.random.choice(self.tables), names, known=True))
        numbers = [name for name, sort in names.items() if sort == "n"]
        if numbers:
            body += self.comparison(numbers, names)
        bound = [name for name in names if any(name in text for text in body[: len(tables)])]
        head = self.random.sample(bound, k=min(2, len(bound)))
        sorts = "".join(names[name] for name in head)
        name = f"t{number}"
        if self.recursive and numbers and self.random.random() < 0.4:
            function = self.random.choice(("count", "sum", "min", "max"))
            return f"{name}({head[0]}, {function}<{numbers[0]}>) :- {', '.join(body)}", (name, "")
        self.random.shuffle(body)
        return f"{name}({', '.join(head)}) :- {', '.join(body)}", (name, sorts)

    def literal(self, table: Table, names: dict[str, str], *, known: bool = False) -> str:
        """An atom of a table; with ``known`` its variables are ones that are bound."""
        terms = []
        for sort in table[1]:
            fitting = [name for name, other in names.items() if other == sort]
            if fitting and (known or self.random.random() < 0.7):
                terms.append(self.random.choice(fitting))
            elif known and self.recursive:
                terms.append("_")
            elif known or self.random.random() < 0.1:
                terms.append(json.dumps(self.random.choice(VALUES[sort])))
            else:
                names[f"x{len(names)}"] = sort
                terms.append(f"x{len(names) - 1}")
        return f"{table[0]}({', '.join(terms)})"

    def comparison(self, numbers: list[str], names: dict[str, str]) -> list[str]:
        """Perhaps a builtin that compares a number, or computes another."""
        chosen = self.random.choice(numbers)
        if self.random.random() < 0.3:
            name = f"x{len(names)}"
            names[name] = "n"
            return [f"builtin:plus({chosen}, 1, {name})", f"builtin:lt({name}, 6)"]
        denial = self.random.choice(("", "not "))
        return [f"{denial}builtin:gteq({chosen}, {self.random.randint(1, 5)})"]

    def rules(self) -> Iterator[Step]:
        """The rules that define tables, then those that ask for actions."""
        if self.recursive:
            yield from self.closure()
        while len(self.derived) < RULES:
            text, table = self.rule(len(self.derived))
            step = {"policy": "main", "text": text}
            if self.accepts({"insert": step}):
                if not 0 < len(self.subject.engine.rows("main", table[0])) <= MOST_ROWS:
                    self.accepts({"delete": step})
                    continue
                self.derived.append(table)
                if table[1]:
                    self.tables.append(table)
                yield step
        for name, sorts in self.random.sample(self.derived, k=3):
            terms = ", ".join(f"x{number}" for number in range(len(sorts) or 2))
            text = f"execute[desk:call.{name}({terms})] :- main:{name}({terms})"
            step = {"policy": "acts", "text": text}
            if self.accepts({"insert": step}):
                yield step

    def closure(self) -> Iterator[Step]:
        """A table that depends on itself."""
        self.derived.append(("reach", "uu"))
        self.tables.append(("reach", "uu"))
        for text in (
            "reach(x, y) :- src:trusts(x, y)",
            "reach(x, z) :- reach(x, y), src:trusts(y, z)",
        ):
            step = {"policy": "main", "text": text}
            self.accepts({"insert": step})
            yield step

    # -- changes ----------------------------------------------------------------------

    def update(self) -> Step:
        """A batch of changes of one table; some of them change nothing."""
        stored = [("src", name, sorts) for name, sorts in SOURCE.items()]
        stored += [("main", name, sorts) for name, sorts in OWN.items()]
        policy, table, sorts = self.random.choice(stored)
        present = sorted(self.subject.engine.rows(policy, table), key=row_order_key)
        gone = self.random.sample(present, k=min(len(present), self.random.randint(0, 3)))
        removed = [row_to_plain(row) for row in gone]
        added = [row for row in self.rows(sorts, 3) if row not in removed]
        return {"policy": policy, "table": table, "add": added, "remove": removed}

    def contents(self) -> dict[str, list[list[Any]]]:
        """The rows of every derived table."""
        engine = self.subject.engine
        return {
            f"main:{name}": [
                row_to_plain(row) for row in sorted(engine.rows("main", name), key=row_order_key)
            ]
            for name, _ in self.derived
        }

    def fired(self) -> list[str]:
        """The actions called since this was asked last."""
        calls, self.subject.fired = sorted(self.subject.fired), []
        return calls


def program(seed: int) -> dict[str, Any]:
    """The program of a seed."""
    draft = Draft(seed)
    kind = "datalog" if draft.recursive else "nonrecursive"
    policies = [
        {"name": "src", "kind": "datasource"},
        {"name": "main", "kind": kind},
        {"name": "acts", "kind": kind},
    ]
    columns = {name: [f"c{n}" for n in range(len(sorts))] for name, sorts in SOURCE.items()}
    load = {
        "src": {name: draft.rows(sorts, 14) for name, sorts in SOURCE.items()},
        "main": {name: draft.rows(sorts, 5) for name, sorts in OWN.items()},
    }
    for policy in policies:
        draft.accepts({"policy": policy})
    draft.accepts({"schema": {"policy": "src", "tables": columns}})
    for name, tables in load.items():
        draft.accepts({"replace": {"policy": name, "tables": tables}})
    made: dict[str, Any] = {
        "id": f"own{seed:03}",
        "seed": seed,
        "recursive": draft.recursive,
        "policies": policies,
        "schemas": {"src": columns},
        "load": load,
        "rules": list(draft.rules()),
        "fired_by_rules": draft.fired(),
        "updates": [],
        "checks": [{"after": 0, "tables": draft.contents()}],
    }
    for number in range(1, UPDATES + 1):
        update = draft.update()
        draft.accepts({"update": update})
        made["updates"].append(update)
        if number % 10 == 0:
            made["checks"].append({"after": number, "tables": draft.contents()})
    return made | {"fired_by_updates": draft.fired()}


def main(arguments: Sequence[str]) -> None:
    """Write the programs of some seeds to a file."""
    lines = [json.dumps(program(seed)) for seed in map(int, arguments[1:] or SEEDS)]
    text = "".join(f"{line}\n" for line in lines).encode()
    Path(arguments[0]).write_bytes(gzip.compress(text, mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
