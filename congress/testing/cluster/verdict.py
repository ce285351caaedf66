"""What must hold when the faults are over and some time has passed.

May import the engine, ``congress.interfaces``, ``congress.model`` and the world.

Invariant: the expected answers come from an engine that was made for the purpose
and never saw anything but the truth.
"""

from collections.abc import Iterator, Sequence

from congress.engine import CreatePolicy, Edit, Engine, InsertRules, ReplaceTables, SetSchema
from congress.model.action import ActionState, DesiredAction, Promise
from congress.model.diagnostic import Refused
from congress.model.values import row_from_plain
from congress.testing.cluster.ledger import LedgerWatch
from congress.testing.cluster.node import SimNode
from congress.testing.cluster.world import World

#: The states in which an activation that still holds may rest.
SETTLED = (ActionState.DONE, ActionState.IN_DOUBT, ActionState.FAILED)
#: The states in which an activation may not end that is to run at least once.
LOST = (ActionState.IN_DOUBT, ActionState.FAILED)


def truth(world: World) -> Engine:
    """An engine that holds what is stored and what the services contain."""
    contents = world.storage.contents
    edits: list[Edit] = []
    for service in world.services.values():
        edits += [CreatePolicy(service.name, "datasource"), SetSchema(service.name, service.schema)]
        rows = {name: table.rows for name, table in service.tables.items()}
        edits.append(ReplaceTables(service.name, rows))
    edits += [CreatePolicy(p.name, str(p.kind)) for p in contents.policies.values()]
    for stored in contents.rules.values():
        policy = contents.policies[stored.rule.policy].name
        edits.append(InsertRules(policy, stored.rule.text, rule_id=stored.rule.id))
    engine = Engine()
    engine.transact(edits)
    return engine


def differences(world: World, engines: Sequence[SimNode], watch: LedgerWatch) -> Iterator[str]:
    """What does not agree with the truth yet."""
    expected = truth(world)
    revision = world.storage.contents.counters.get("revision", 0)
    for node in engines:
        yield from _engine_differences(node, expected, revision, world)
    yield from _ledger_differences(expected.desired_actions(), watch)


def _engine_differences(
    node: SimNode, expected: Engine, revision: int, world: World
) -> Iterator[str]:
    name = node.process.instance
    policies = [policy.name for policy in world.storage.contents.policies.values()]
    try:
        assert node.bus is not None
        status = node.bus.call("policy-engine", "engine_status", timeout=1.0)
        if status["revision"] != revision:
            yield f"{name} is at revision {status['revision']}, not {revision}"
            return
        for policy in [*policies, *world.services]:
            for table in expected.tables(policy):
                args = {"policy": policy, "table": table}
                answer = node.bus.call("policy-engine", "row_list", args, timeout=1.0)
                rows = {row_from_plain(row) for row in answer["rows"]}
                wanted = set(expected.rows(policy, table))
                if rows != wanted:
                    yield f"{name} has {policy}:{table} {sorted(rows)}, not {sorted(wanted)}"
    except (Refused, TimeoutError) as error:
        yield f"{name} does not answer: {error}"


def _ledger_differences(desired: frozenset[DesiredAction], watch: LedgerWatch) -> Iterator[str]:
    wanted = {action.key: action for action in desired}
    active = {entry.key: entry for entry in watch.entries() if entry.active}
    for key in sorted(wanted.keys() - active.keys()):
        yield f"{_shown(wanted[key])} is not in force"
    for key in sorted(active.keys() - wanted.keys()):
        yield f"{_shown(active[key].desired)} is in force still"
    for entry in watch.entries():
        if entry.active and entry.state not in SETTLED:
            yield f"{_shown(entry.desired)} holds and is {entry.state}"
        elif not entry.state.final:
            yield f"{_shown(entry.desired)} does not hold and is {entry.state}"


def broken_promises(world: World, watch: LedgerWatch) -> Iterator[str]:
    """What was lost, doubled or made up."""
    for id_, activation in watch.activations.items():
        effects = world.effects(id_)
        shown = f"{_shown(activation.desired)} #{activation.generation}"
        if activation.promise is Promise.AT_MOST_ONCE and effects > 1:
            yield f"{shown} was done {effects} times"
        if activation.state is ActionState.DONE and not effects:
            yield f"{shown} is said to be done and was not"
        if activation.state in (ActionState.SUPPRESSED, ActionState.FAILED) and effects:
            yield f"{shown} is {activation.state} and was done {effects} times"
        if activation.promise is Promise.AT_LEAST_ONCE and activation.state in LOST:
            yield f"{shown} is {activation.state} although it may be repeated"
    yield from _made_up(world, watch)


def _made_up(world: World, watch: LedgerWatch) -> Iterator[str]:
    """Activations of what depends on one table only: no more of them than rises of the row."""
    table = world.services["s0"].tables["t"]
    for entry in watch.entries():
        if entry.desired.action in ("once", "again"):
            row = (str(entry.desired.arguments[0]),)
            if entry.generation > table.rises.get(row, 0):
                rises = table.rises.get(row, 0)
                yield f"{_shown(entry.desired)} rose {entry.generation} times, the row {rises}"


def _shown(desired: DesiredAction) -> str:
    return f"{desired.action}{desired.arguments}"
