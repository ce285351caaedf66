"""Requests made from the contract, right ones and wrong ones, and what every answer must be."""

from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import strategies
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

load_all_checks()

#: No fault, and nothing that the contract does not promise.
CHECKED = ("not_a_server_error", "response_schema_conformance", "content_type_conformance")


def fire(operation: Any, known: dict[str, str], examples: int, send: Callable[[Any], Any]) -> None:
    """Send a number of requests for one operation, half of them to things that exist.

    :param known: what exists, by the names of path parameters.
    :param send: sends a case and gives the answer.
    :raises AssertionError: an answer is not what it must be.
    """
    checks = [CHECKS.get_one(name) for name in CHECKED]
    wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    right = operation.as_strategy()
    given = bool(operation.body or operation.query or operation.headers)
    cases = strategies.one_of(right, wrong) if given else right

    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=cases, real=strategies.booleans())
    def one(case: Any, real: bool) -> None:
        if real:
            present = case.path_parameters or {}
            present.update({name: known[name] for name in known if name in present})
        case.validate_response(send(case), checks=checks)

    one()
