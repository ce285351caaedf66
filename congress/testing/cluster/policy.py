"""What the people of a simulation want to be stored, and how they get it there.

May import ``congress.interfaces``, ``congress.model`` and the simulated nodes.

They look at the database (which they can always see), and ask a node for whatever
is missing or too much, again and again, because answers get lost.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from congress.model.diagnostic import Refused
from congress.testing.cluster.node import SimNode
from congress.testing.cluster.plan import DATASOURCES, ENGINE
from congress.testing.cluster.plugins import NAME
from congress.testing.cluster.world import World

Rule = tuple[str, str]

#: Actions of one source, of one that repeats, and of the absence of something elsewhere.
ONCE = "execute[act:once(x)] :- s0:t(x)"
AGAIN = "execute[act:again(x)] :- s0:t(x)"
GUARDED = "execute[act:guarded(x)] :- s0:t(x), not s1:u(x)"

#: Rules that are there from the beginning.
RULES: Sequence[Rule] = (
    ("action", ONCE),
    ("action", AGAIN),
    ("action", GUARDED),
    ("p", "bad(x) :- s0:t(x), not s1:u(x)"),
    ("p", "both(x) :- s0:t(x), s1:u(x)"),
)
#: Rules that come and go.
TOGGLED: Sequence[Rule] = (
    ("p", "more(x) :- s1:u(x)"),
    ("p", "worse(x) :- bad(x), not more(x)"),
    ("action", "execute[act:extra(x)] :- p:both(x)"),
    ("p", 'known("a")'),
)

PATIENCE = 5.0


class Gardener:
    """Sees to it that the database holds what is wanted.

    :param nodes: the nodes that are up, by name.
    """

    def __init__(self, world: World, nodes: Callable[[], Mapping[str, SimNode]]) -> None:
        self.rules: list[Rule] = list(RULES)
        self._world = world
        self._nodes = nodes
        self._turn = 0
        self._under_way: dict[str, float] = {}

    def toggle(self, number: int, engine: str) -> None:
        """Want a rule, or want it no longer; ``engine`` is asked first."""
        rule = TOGGLED[number]
        if rule in self.rules:
            self.rules.remove(rule)
        else:
            self.rules.append(rule)
        self._tend_rules(engine)

    def tend(self) -> bool:
        """Ask for what differs; whether nothing did."""
        now = self._world.clock.monotonic()
        self._under_way = {name: till for name, till in self._under_way.items() if till > now}
        self._tend_datasources()
        self._tend_rules()
        return not self._under_way

    def stored_rules(self) -> dict[Rule, str]:
        """The rules in the database, with their ids."""
        contents = self._world.storage.contents
        return {
            (contents.policies[stored.rule.policy].name, stored.rule.text): rule_id
            for rule_id, stored in contents.rules.items()
        }

    def _tend_datasources(self) -> None:
        contents = self._world.storage.contents
        stored = {record.name for record in contents.datasources.values()}
        for name, service in self._world.services.items():
            if name not in stored:
                self._ask(
                    DATASOURCES,
                    "datasources",
                    "datasource_create",
                    name=name,
                    driver=NAME,
                    config={"poll_time": service.poll_time},
                    id=f"id-{name}",
                )

    def _tend_rules(self, engine: str = "") -> None:
        contents = self._world.storage.contents
        names = {policy.name for policy in contents.policies.values()}
        if "p" not in names:
            self._ask(ENGINE, "policy-engine", "policy_create", engine, name="p")
        stored = self.stored_rules()
        for policy, text in self.rules:
            if policy in names and (policy, text) not in stored:
                self._ask(ENGINE, "policy-engine", "rule_create", engine, policy=policy, rule=text)
        for (policy, text), rule_id in stored.items():
            if (policy, text) not in self.rules:
                self._ask(
                    ENGINE, "policy-engine", "rule_delete", engine, policy=policy, rule=rule_id
                )

    def _ask(self, role: str, service: str, method: str, first: str = "", **args: Any) -> None:
        """Have a node with a role ask for something, unless that is under way."""
        name = f"{method} {args.get('name') or args.get('rule')}"
        nodes = [node for _, node in sorted(self._nodes().items()) if role in node.roles]
        if not nodes or name in self._under_way:
            return
        self._turn += 1
        node = self._nodes().get(first) or nodes[self._turn % len(nodes)]
        self._under_way[name] = self._world.clock.monotonic() + PATIENCE

        def ask() -> None:
            assert node.bus is not None
            try:
                node.bus.call(service, method, args, timeout=PATIENCE)
                outcome = "done"
            except Refused as refusal:
                outcome = refusal.code
            self._under_way.pop(name, None)
            node.process.note("asked", f"{name}: {outcome}")

        node.run(ask)
