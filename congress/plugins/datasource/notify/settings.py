"""The options of the driver ``notify``, and what is wrong with their values.

May import the interfaces, the model and its own folder.

Invariant: a problem quotes no value, since headers are secret.
"""

import re
from collections.abc import Sequence

from congress.interfaces.datasource import Config
from congress.interfaces.plugin import Option, Scope
from congress.model.action import Promise
from congress.plugins.datasource.notify.targets import read_prefixes

_LEVELS = ("debug", "info", "warning", "error", "critical")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

OPTIONS: tuple[Option, ...] = (
    Option(
        "level",
        description="Level at which the action log writes.",
        default="info",
        choices=_LEVELS,
    ),
    Option(
        "timeout",
        type="number",
        description="Seconds to wait for each answer of a webhook.",
        default=10,
        minimum=0.1,
        maximum=300,
    ),
    Option(
        "attempts",
        type="integer",
        description="How often a webhook is tried at most.",
        default=4,
        minimum=1,
        maximum=20,
    ),
    Option(
        "delivery",
        description=(
            "at_most_once never repeats a webhook that may have arrived; at_least_once does, "
            "with the same Idempotency-Key."
        ),
        default=str(Promise.AT_MOST_ONCE),
        choices=(str(Promise.AT_MOST_ONCE), str(Promise.AT_LEAST_ONCE)),
    ),
    Option(
        "headers",
        type="object",
        description="Headers that every webhook is sent with, such as Authorization.",
        default={},
        secret=True,
        schema={"type": "object", "additionalProperties": {"type": "string"}},
    ),
    Option(
        "allowed_urls",
        type="list",
        description=(
            "URLs that webhooks may call: those with the same scheme, host and port, and a path "
            "at or below. Empty: none."
        ),
        default=[],
        scope=Scope.NODE,
        schema={"type": "array", "items": {"type": "string"}},
    ),
)


def find_problems(config: Config, settings: Config) -> list[str]:
    """Problems with the headers and the allowed URLs."""
    problems = read_prefixes(allowed_urls(settings))[1]
    for name, value in fixed_headers(config).items():
        if not _HEADER.fullmatch(name):
            problems.append(f"headers: {name!r} is not the name of a header")
        elif not value.isascii() or not value.isprintable():
            problems.append(f"headers: the value of {name!r} is not printable ASCII")
    return problems


def fixed_headers(config: Config) -> dict[str, str]:
    """The headers that every webhook is sent with."""
    headers = config["headers"]
    if not isinstance(headers, dict):
        return {}
    return {name: str(value) for name, value in headers.items()}


def allowed_urls(settings: Config) -> Sequence[object]:
    """The prefixes that the node allows."""
    urls = settings.get("allowed_urls")
    return urls if isinstance(urls, list) else []
