"""Metrics: the registry of those there are, and their values in the text of Prometheus.

Imports the standard library only.

Invariant: only what is in ``METRICS`` is told, with exactly the labels it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: States of a table at a subscriber; see ``interfaces.role.Subscription``.
TABLE_STATES = ("pending", "syncing", "live", "stale")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``kind`` is ``gauge`` or ``counter``."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


METRICS = (
    Metric("congress_node_answers", "gauge", ("node",), "1 if the node answered in time"),
    Metric("congress_service_ok", "gauge", ("node", "service"), "1 if the service is ok"),
    Metric("congress_bus_peers", "gauge", ("node",), "other nodes the node hears"),
    Metric(
        "congress_bus_events_total",
        "counter",
        ("node", "event"),
        "what happened on the bus: messages, refusals, retries, resyncs by reason",
    ),
    Metric(
        "congress_bus_table_state",
        "gauge",
        ("node", "source", "table", "state"),
        "1 for the state in which a subscribed table is",
    ),
    Metric(
        "congress_bus_lag_publications",
        "gauge",
        ("node", "source"),
        "publications that are known to exist and have not arrived",
    ),
    Metric(
        "congress_bus_lag_seconds",
        "gauge",
        ("node", "source"),
        "how long the subscriber has been behind, or without a live table",
    ),
    Metric(
        "congress_bus_inbox_rows",
        "gauge",
        ("node", "source"),
        "rows that wait to be worked into the policy engine",
    ),
    Metric(
        "congress_table_age_seconds",
        "gauge",
        ("node", "source", "table"),
        "age of the data in the policy engine",
    ),
    Metric(
        "congress_table_usable",
        "gauge",
        ("node", "source", "table"),
        "1 if the table was read in full and in time, so that actions may rely on it",
    ),
    Metric("congress_policy_revision", "gauge", ("node",), "revision of policy in force"),
    Metric(
        "congress_engine_transactions_total", "counter", ("node",), "transactions of the engine"
    ),
    Metric(
        "congress_leader",
        "gauge",
        ("datasource", "node"),
        "1 for the policy engine whose actions the data source runs",
    ),
    Metric(
        "congress_leader_seconds", "gauge", ("datasource",), "how long it has been the leader"
    ),
    Metric(
        "congress_actions", "gauge", ("datasource", "state"), "activations in the ledger by state"
    ),
)  # fmt: skip

#: (metric, values of its labels, value).
Sample = tuple[str, tuple[str, ...], float]


def render(survey: Mapping[str, Any], now: float) -> str:
    """A survey as text; see ``survey.survey``."""
    samples: dict[str, list[Sample]] = {}
    for sample in _samples(survey, now):
        samples.setdefault(sample[0], []).append(sample)
    lines: list[str] = []
    for metric in METRICS:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        lines += [_line(metric, *sample[1:]) for sample in samples.get(metric.name, ())]
    return "\n".join(lines) + "\n"


def _line(metric: Metric, values: Sequence[str], value: float) -> str:
    labels = zip(metric.labels, values, strict=True)
    text = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{metric.name}{{{text}}} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _samples(survey: Mapping[str, Any], now: float) -> Iterator[Sample]:
    for node in survey["nodes"]:
        name = node["node"]
        yield "congress_node_answers", (name,), node["answers"]
        for service, health in node["services"].items():
            yield "congress_service_ok", (name, service), health["state"] == "ok"
        if node["bus"]:
            yield from _of_bus(name, node["bus"])
        if node["engine"]:
            yield from _of_engine(name, node["engine"], now)
    for name, detail in survey["datasources"].items():
        yield from _of_datasource(name, detail, now)


def _of_bus(node: str, bus: Mapping[str, Any]) -> Iterator[Sample]:
    yield "congress_bus_peers", (node,), len(bus["peers"])
    for event, count in bus["counters"].items():
        yield "congress_bus_events_total", (node, event), count
    for one in bus["subscriptions"]:
        source = one["source"]
        yield "congress_bus_lag_publications", (node, source), one["lag"]
        yield "congress_bus_lag_seconds", (node, source), one["lag_seconds"]
        yield "congress_bus_inbox_rows", (node, source), one["inbox_rows"]
        for table, current in one["tables"].items():
            for state in TABLE_STATES:
                labels = (node, source, table, state)
                yield "congress_bus_table_state", labels, state == current


def _of_engine(node: str, engine: Mapping[str, Any], now: float) -> Iterator[Sample]:
    yield "congress_policy_revision", (node,), engine["revision"]
    yield "congress_engine_transactions_total", (node,), engine["transaction"]
    for source, tables in engine["sources"].items():
        for table, state in tables.items():
            usable = state["complete"] and not state["stale"]
            yield "congress_table_usable", (node, source, table), usable
            if state["as_of"] is not None:
                age = max(0.0, now - state["as_of"])
                yield "congress_table_age_seconds", (node, source, table), age


def _of_datasource(name: str, detail: Mapping[str, Any], now: float) -> Iterator[Sample]:
    if leader := detail["leader"]:
        yield "congress_leader", (name, leader["node"]), 1
        yield "congress_leader_seconds", (name,), max(0.0, now - leader["since"])
    for state, count in detail["actions"].items():
        yield "congress_actions", (name, state), count
