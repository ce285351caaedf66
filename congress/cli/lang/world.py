"""An engine as on a server, with what files give to it.

The kernel is imported when builtins or drivers are asked for.

Invariant: a step that does not succeed is ``Refused`` with its file and number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from congress.engine import (
    Changes,
    CreatePolicy,
    Edit,
    Engine,
    InsertRules,
    SetSchema,
    edit_from_plain,
)
from congress.model.diagnostic import Refused, refuse
from congress.model.policy import PolicyKind

if TYPE_CHECKING:
    from congress.cli.lang.documents import Given, PolicyFile
    from congress.kernel.plugins import NodePlugins
    from congress.model.builtin import Builtin
    from congress.model.schema import Schema

Watch: TypeAlias = Callable[[Engine], None]


class World:
    """An engine with the installed builtins, and steps done to it.

    ``watch`` is called with the engine after every transaction.
    """

    def __init__(self) -> None:
        self.engine = Engine(installed_builtins())
        self.watch: Watch = lambda engine: None

    def give(self, given: Given) -> list[Changes]:
        """Do steps in order, each as one transaction.

        :raises Refused: one of them is no step, or does not succeed.
        """
        return [self._do(given, number, step) for number, step in enumerate(given.steps, 1)]

    def create(self, policy: PolicyFile) -> PolicyFile:
        """Make the policy of a file, without its rules.

        :raises Refused: its name or kind cannot be used.
        """
        try:
            self._transact([CreatePolicy(policy.name, policy.kind)])
        except Refused as refusal:
            found = [replace(each, where=str(policy.path)) for each in refusal.diagnostics]
            raise Refused(*found) from refusal
        return policy

    def insert(self, policies: Iterable[PolicyFile]) -> Changes:
        """Insert the rules of policies that were made, as one.

        :raises Refused: something is wrong with them.
        """
        return self._transact(
            [InsertRules(policy.name, text.text) for policy in policies for text in policy.texts]
        )

    def _transact(self, edits: list[Edit]) -> Changes:
        changes = self.engine.transact(edits)
        self.watch(self.engine)
        return changes

    def _do(self, given: Given, number: int, step: object) -> Changes:
        try:
            return self._transact(self._edits(step))
        except Refused as refusal:
            where = f"{given.path}, step {number}"
            found = [replace(each, span=None, where=where) for each in refusal.diagnostics]
            raise Refused(*found) from refusal

    def _edits(self, step: object) -> list[Edit]:
        """What a step asks for. Beyond the engine's steps a schema may name a driver that
        has it, and makes its policy if there is none.
        """
        driver = _driver(step)
        edit = edit_from_plain(step) if driver is None else driver
        if isinstance(edit, SetSchema) and edit.policy not in self.engine.policies():
            return [CreatePolicy(edit.policy, PolicyKind.DATASOURCE), edit]
        return [edit]


def _driver(step: object) -> SetSchema | None:
    """The schema that a step takes from a driver, if it does."""
    request: Any = step.get("schema") if isinstance(step, Mapping) and len(step) == 1 else None
    if not isinstance(request, Mapping) or set(request) != {"policy", "driver"}:
        return None
    return SetSchema(str(request["policy"]), driver_schema(str(request["driver"])))


@cache
def _plugins() -> NodePlugins:
    """The plugins that are installed here; no configuration is read."""
    from congress.kernel.options import new_conf
    from congress.kernel.plugins import NodePlugins

    conf = new_conf()
    conf([], default_config_files=[], default_config_dirs=[])
    return NodePlugins(conf)


def installed_builtins() -> Iterable[Builtin]:
    """The builtins that are installed here."""
    plugins = _plugins()
    return [one for name in plugins.names("builtin") for one in plugins.load("builtin", name)]


def driver_schema(name: str) -> Schema:
    """The tables that every datasource of an installed driver has.

    :raises Refused: there is no such driver, or its tables depend on its settings.
    """
    schema: Schema | None = _plugins().load("driver", name).static_schema()
    if schema is None:
        hint = "write the tables down: tables: {servers: [id, name]}"
        message = f"the tables of driver {name} depend on its settings"
        raise refuse("unsupported", message, hint=hint)
    return schema
