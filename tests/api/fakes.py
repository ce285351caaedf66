"""Stand-ins for what is behind the API: a bus with a small policy engine and data sources.

They keep the shapes and refusals of the real roles, so that the tests here are
about the API alone.
"""

import copy
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from congress.interfaces.plugin import PluginInfo, Scope
from congress.interfaces.role import Epoch, Peer, Position, RoleParts
from congress.interfaces.storage import StorageBackend, StorageContext
from congress.kernel.options import new_conf
from congress.model.diagnostic import Diagnostic, Refused, Span, refuse
from congress.model.policy import SYSTEM_POLICIES
from congress.model.status import Health
from congress.plugins.auth.noauth import NoAuth
from congress.plugins.storage.memory import MemoryHub, MemoryStorage
from congress.testing.runtime import ManualClock
from tests.api.fake_datasources import LISTINGS, CloudDriver, FakeManager, select
from tests.api.fake_library import FakeLibrary

HIDDEN = "<hidden>"


class FakeBus:
    """Calls methods of registered services; a service that is not there is unavailable."""

    node = "node"
    instance = "one"

    def __init__(self) -> None:
        self.services: dict[str, object] = {}
        self.calls: list[tuple[str, str, Mapping[str, Any]]] = []
        self.asked: list[tuple[str, str | None]] = []
        self.unreachable: set[str] = set()

    def peers(self) -> list[Any]:
        ok, since = Health(), Position(Epoch(3, "one"), 7)
        names = [name for name in self.services if not name.startswith("__")]
        services = dict.fromkeys(names, ok)
        return [Peer("node", "one", services, {"nova": since}, {"policy-revision": 1})]

    def call(
        self,
        service: str,
        method: str,
        args: Mapping[str, Any] | None = None,
        *,
        timeout: float,
        node: str | None = None,
    ) -> Any:
        assert timeout > 0
        self.calls.append((service, method, dict(args or {})))
        self.asked.append((method, node))
        json.dumps(args)
        if service not in self.services or node in self.unreachable:
            raise refuse("unavailable", f"nobody serves {service}")
        answer = getattr(self.services[service], method)(**(args or {}))
        return json.loads(json.dumps(answer))


class FakeBusStats:
    """What a bus tells of itself; see ``congress.bus.Bus.stats``."""

    def stats(self) -> dict[str, Any]:
        return {
            "counters": {"resync.gap": 2},
            "peers": ["other"],
            "protocol": {"speaks": [1, 1], "agreed": {"other": 1}},
            "refused": [],
            "subscriptions": [
                {
                    "source": "nova",
                    "tables": {"servers": "live", "ports": "stale"},
                    "epoch": 3,
                    "seq": 7,
                    "lag": 1,
                    "lag_seconds": 1.5,
                    "inbox_rows": 20,
                }
            ],
            "publishers": {},
        }


def told(
    reset: str | None, changes: list[dict[str, Any]], rest: str | None = None, number: int = 1
) -> dict[str, Any]:
    """What an engine tells of the changes of a table."""
    return {
        "mark": f"node/engine-{number}",
        "transaction": number,
        "reset": reset,
        "columns": ["a", "b"],
        "coverage": [],
        "changes": changes,
        "rest": rest,
    }


class FakeEngine(FakeLibrary):
    """Policies and rules without meaning; a rule holds if its text has no ``!``."""

    def __init__(self, storage: StorageBackend) -> None:
        super().__init__()
        self._storage = storage
        self.policies: dict[str, dict[str, Any]] = {}
        self.rules: dict[str, dict[str, dict[str, Any]]] = {}
        self.rows: dict[tuple[str, str], list[list[Any]]] = {}
        self.mirrors: set[str] = set()
        self.news: list[dict[str, Any]] = []
        self.pieces: list[dict[str, Any]] = []
        for name, kind in SYSTEM_POLICIES.items():
            self.policy_create(name=name, kind=kind)

    @property
    def revision(self) -> int:
        return self._storage.read(lambda tx: tx.changes.revision())

    def _advance(self) -> None:
        self._storage.run(lambda tx: tx.changes.advance(tx.changes.revision(), ()))

    def _write(self, work: Callable[[], Any], validate_only: bool, seen: Any, now: Any) -> Any:
        if seen is not None and seen != now:
            raise refuse("changed", "it was changed")
        kept = copy.deepcopy((self.policies, self.rules))
        try:
            result = work()
        except Refused:
            self.policies, self.rules = kept
            raise
        if not validate_only:
            self._advance()
            return result
        self.policies, self.rules = kept
        actions: dict[str, list[Any]] = {"activated": [], "deactivated": []}
        more = {"warnings": [], "tables": [], "actions": actions}
        return {"valid": True, "result": result, **more}

    def _find(self, policy: str) -> dict[str, Any]:
        for found in self.policies.values():
            if policy in (found["name"], found["id"]):
                return found
        raise refuse("no-policy", f"there is no policy {policy!r}")

    def policy_list(self) -> list[dict[str, Any]]:
        return list(self.policies.values())

    def policy_show(self, policy: str) -> dict[str, Any]:
        return self._find(policy)

    def policy_create(
        self,
        name: str,
        kind: str | None = None,
        abbreviation: str | None = None,
        description: str | None = None,
        rules: list[dict[str, Any]] | None = None,
        allow_parked: bool = False,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        if name in self.policies:
            raise refuse("duplicate-policy", f"there is a policy {name!r} already")
        for index, rule in enumerate(rules or ()):
            self._parse(**rule, where=f"rules[{index}]")
        shown = [
            {key: rule[key] or "" for key in ("rule", "comment", "name")} for rule in rules or ()
        ]

        def work() -> dict[str, Any]:
            policy = self._store_policy(name, kind, abbreviation, description)
            for rule in rules or ():
                self._add(name, rule["rule"], rule.get("name"), rule.get("comment"))
            return policy if rules is None else {**policy, "rules": shown}

        return self._write(work, validate_only, None, None)  # type: ignore[no-any-return]

    def _store_policy(
        self, name: str, kind: str | None, abbreviation: str | None, description: str | None
    ) -> dict[str, Any]:
        if not name.replace(".", "_").isidentifier() or not name.isascii() or len(name) > 255:
            raise refuse("bad-policy-name", f"{name!r} cannot be the name of a policy")
        if kind not in (None, "nonrecursive", "action", "datalog", "z3"):
            raise refuse("bad-kind", f"there is no kind {kind!r}")
        self.policies[name] = {
            "id": self.policies.get(name, {}).get("id", str(uuid.uuid4())),
            "name": name,
            "abbreviation": abbreviation or name[:5],
            "description": description or "",
            "owner_id": "user",
            "kind": kind or "nonrecursive",
        }
        self.rules.setdefault(name, {})
        return self.policies[name]

    def library_activate(
        self,
        library: str,
        allow_parked: bool = False,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> dict[str, Any]:
        plain = {k: v for k, v in self.library_show(library).items() if k != "id"}
        rules = [{"name": None, "comment": None, **rule} for rule in plain.pop("rules")]
        if not allow_parked and any("parked" in rule["rule"] for rule in rules):
            raise refuse("column-name", "the columns are not known yet")
        return self.policy_create(**plain, rules=rules, validate_only=validate_only)

    def _become(self, found: dict[str, Any], description: dict[str, Any]) -> dict[str, Any]:
        name = found["name"]
        if description.get("name", name) != name:
            raise refuse("invalid", "the name cannot be changed")
        fields = {**found, **description}
        for index, rule in enumerate(fields.get("rules") or ()):
            self._parse(**rule, where=f"rules[{index}]")
        if fields.get("rules") is not None:
            self.rules[name] = {}
            for rule in fields["rules"]:
                self._add(name, rule["rule"], rule.get("name"), rule.get("comment"))
        stored = (fields[key] for key in ("kind", "abbreviation", "description"))
        return self._store_policy(name, *stored)

    def policy_update(
        self,
        policy: str,
        description: dict[str, Any],
        seen: Any = None,
        allow_parked: bool = False,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> Any:
        found = self._find(policy)
        return self._write(lambda: self._become(found, description), validate_only, seen, found)

    def policy_apply(
        self,
        policies: list[dict[str, Any]],
        revision: int | None = None,
        prune: bool = False,
        allow_parked: bool = False,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> Any:
        def work() -> dict[str, Any]:
            steps = []
            for described in policies:
                name = described.get("name")
                if not name:
                    raise refuse("invalid", "a policy needs a name")
                present = name in self.policies
                op = "update" if present else "create"
                new = None if present else self._store_policy(name, None, None, None)
                found = new or self.policies[name]
                changed = self._become(found, described)
                steps.append({"op": op, "kind": "policy", "policy": name, "id": changed["id"]})
            return {"revision": self.revision + 1, "steps": steps}

        return self._write(work, validate_only, revision, revision and self.revision)

    def policy_delete(
        self,
        policy: str,
        seen: Any = None,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> Any:
        found = self._find(policy)
        if found["name"] in SYSTEM_POLICIES:
            raise refuse("not-found", f"policy {policy!r} cannot be deleted")

        def work() -> dict[str, Any]:
            del self.rules[found["name"]]
            return self.policies.pop(found["name"])

        return self._write(work, validate_only, seen, found)

    def policy_status(self, policy: str) -> dict[str, Any]:
        if policy in self.mirrors:
            return {"name": policy}
        found = self._find(policy)
        return {"name": found["name"], "id": found["id"]}

    def rule_list(self, policy: str) -> list[dict[str, Any]]:
        return list(self.rules[self._find(policy)["name"]].values())

    def rule_show(self, policy: str, rule: str) -> dict[str, Any]:
        rules = self.rules[self._find(policy)["name"]]
        for found in rules.values():
            if rule in (found["id"], found["name"]):
                return found
        raise refuse("not-found", f"policy {policy!r} has no rule {rule!r}")

    def rule_status(self, policy: str, rule: str) -> dict[str, Any]:
        found = self.rule_show(policy, rule)
        return {
            "name": found["name"],
            "id": found["id"],
            "comment": found["comment"],
            "original_str": found["rule"],
        }

    def rule_create(
        self,
        policy: str,
        rule: str,
        name: str | None = None,
        comment: str | None = None,
        allow_parked: bool = False,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> Any:
        if policy in self.mirrors:
            raise refuse("read-only-policy", f"policy {policy!r} is filled by its data source")
        found = self._find(policy)["name"]
        self._parse(rule, name, comment)
        if "parked" in rule and not allow_parked:
            raise refuse("column-name", "the columns are not known yet")
        if any(rule == known["rule"] for known in self.rules[found].values()):
            raise refuse("duplicate-rule", "the policy holds this rule already")
        work = lambda: self._add(found, rule, name, comment)  # noqa: E731
        return self._write(work, validate_only, None, None)

    def rule_update(
        self,
        policy: str,
        rule: str,
        changes: dict[str, Any],
        seen: Any = None,
        allow_parked: bool = False,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> Any:
        found = self.rule_show(policy, rule)
        changed = {**found, **changes}
        changed["comment"] = changed["comment"] or ""
        self._parse(changed["rule"], changed["name"], changed["comment"])

        def work() -> dict[str, Any]:
            self.rules[self._find(policy)["name"]][found["id"]] = changed
            return changed

        return self._write(work, validate_only, seen, found)

    def _add(self, policy: str, rule: str, name: str | None, comment: str | None) -> dict[str, Any]:
        made = {"rule": rule, "id": str(uuid.uuid4()), "comment": comment or "", "name": name}
        self.rules[policy][made["id"]] = made
        return made

    def _parse(
        self, rule: str, name: str | None = None, comment: str | None = None, where: str = ""
    ) -> None:
        text = rule
        if len(name or "") > 255 or len(comment or "") > 255:
            raise refuse("invalid", "at most 255 characters", where="comment")
        if not text or "!" in text:
            at = text.find("!") + 1
            span = Span(max(at - 1, 0), max(at, 1), 1, max(at, 1))
            raise Refused(
                Diagnostic("syntax", "this is no rule", span, "remove the mark", where=where)
            )
        if ";" in text:
            raise refuse("multiple-statements", "one statement is expected")

    def rule_delete(
        self,
        policy: str,
        rule: str,
        seen: Any = None,
        validate_only: bool = False,
        actor: str = "",
        request_id: str = "",
    ) -> Any:
        found = self.rule_show(policy, rule)
        rules = self.rules[self._find(policy)["name"]]
        return self._write(lambda: rules.pop(found["id"]), validate_only, seen, found)

    def table_list(self, policy: str) -> list[str]:
        name = self._find(policy)["name"]
        return [table for owner, table in self.rows if owner == name]

    def table_show(self, policy: str, table: str) -> dict[str, Any]:
        if table not in self.table_list(policy):
            raise refuse("not-found", f"policy {policy!r} has no table {table!r}")
        return {"id": table}

    def table_schema(self, policy: str) -> dict[str, Any]:
        columns = [{"name": f"Col{i}", "description": None} for i in range(2)]
        tables = self.table_list(policy)
        return {"tables": [{"table_id": table, "columns": columns} for table in tables]}

    def row_list(
        self,
        policy: str,
        table: str,
        trace: bool = False,
        explain: bool = False,
        **wanted: Any,
    ) -> dict[str, Any]:
        self.table_show(policy, table)
        rows = self.rows[self._find(policy)["name"], table]
        found = select(rows, [f"Col{i}" for i in range(2)], **wanted)
        found["revision"] = self.revision
        if trace:
            found["trace"] = "Call: " + table
        if explain:
            found["explanation"] = explanation(f"{table}(x0, x1)")
        return found

    def change_list(
        self, policy: str, table: str, since: str | None = None, wait: float = 0
    ) -> dict[str, Any]:
        self.table_show(policy, table)
        if self.news and since == "node/engine-1":
            return self.news.pop(0)
        rows = self.rows[self._find(policy)["name"], table]
        return told("start", [{"transaction": 1, "removed": [], "added": rows}])

    def listing_more(self, listing: str) -> dict[str, Any]:
        return self.pieces.pop(0) if self.pieces else LISTINGS.more(listing)

    def simulate(
        self,
        policy: str,
        query: str,
        sequence: str,
        action_policy: str,
        delta: bool = False,
        trace: bool = False,
    ) -> dict[str, Any]:
        self._find(policy)
        self._find(action_policy)
        self._parse(query)
        found: dict[str, Any] = {"result": ["p+(1)" if delta else "p(1)"]}
        if trace:
            found["trace"] = "RT    : ** Simulate"
        return found

    def explain(self, policy: str, query: str, **bounds: int | None) -> dict[str, Any]:
        self._find(policy)
        self._parse(query)
        self.bounds = bounds
        if bounds["depth"] == 0:
            raise refuse("invalid", "depth must be a number from 1 to 60", where="depth")
        return explanation(query)

    def engine_status(self) -> dict[str, Any]:
        table = {"as_of": 1_700_000_000.0 - 30, "complete": True, "stale": False, "epoch": 3}
        sources = {"nova": {"servers": {**table, "rejected": 0}}}
        return {"revision": self.revision, "transaction": 1, "sources": sources, "parked": []}

    def wait_revision(self, revision: int, timeout: float) -> dict[str, Any]:
        if revision > self.revision:
            raise refuse("timeout", f"revision {revision} has not arrived")
        return {"revision": self.revision}


def explanation(atom: str) -> dict[str, Any]:
    """An explanation of something that holds."""
    fact = {"kind": "fact", "table": "classification:p", "row": [1]}
    return {
        "policy": "classification",
        "atom": atom,
        "holds": True,
        "size": 1,
        "why": [fact],
        "why_not": None,
        "sources": [{"table": "nova:servers", "age": 2.5, "complete": True, "stale": False}],
        "cut": [],
        "text": f"{atom} holds, because\n  \u202ep(1)",
    }


class FakePlugins:
    """One driver and one strategy."""

    known: Mapping[tuple[str, str], Any] = {
        ("driver", "cloud"): CloudDriver,
        ("auth", "noauth"): NoAuth,
    }

    def names(self, kind: str) -> Sequence[str]:
        return [name for found, name in self.known if found == kind]

    def describe(self, kind: str, name: str) -> PluginInfo:
        info: PluginInfo = self.load(kind, name).describe()
        return info

    def load(self, kind: str, name: str) -> Any:
        if (kind, name) not in self.known:
            raise refuse("plugin", f"there is no {kind} {name!r}")
        return self.known[kind, name]

    def settings(self, kind: str, name: str) -> dict[str, Any]:
        options = self.describe(kind, name).options_of(Scope.NODE)
        return {option.name: option.default for option in options}

    def make(self, kind: str, name: str, *context: Any) -> Any:
        return self.load(kind, name)(self.settings(kind, name), *context)


def make_parts(
    clock: Any = None, threads: Any = None, health: Callable[[], Mapping[str, Health]] = dict
) -> tuple[RoleParts, SimpleNamespace]:
    """The parts for a role, and the fakes among them: ``bus engine manager storage``."""
    conf = new_conf()
    conf([], default_config_files=[])
    conf.set_override("auth_strategy", "noauth")
    clock = clock or ManualClock()
    storage = MemoryStorage({}, StorageContext("bus", clock, hub=MemoryHub()))
    storage.open()
    bus, engine = FakeBus(), FakeEngine(storage)
    manager = FakeManager(bus, storage, engine)
    bus.services = {"policy-engine": engine, "datasources": manager, "__bus": FakeBusStats()}
    parts = RoleParts(
        conf=conf,
        bus=bus,  # type: ignore[arg-type]
        storage=storage,
        plugins=FakePlugins(),
        threads=threads,
        clock=clock,
        node_health=health,
    )
    return parts, SimpleNamespace(
        bus=bus, engine=engine, manager=manager, storage=storage, conf=conf
    )
