"""How the authentication strategies answer requests that may not go on.

May import ``congress.model`` and ``congress.interfaces``. No plugin: shared by
those in this folder.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from congress.model.diagnostic import Diagnostic, diagnostic_to_plain

#: Seconds after which trying again may help.
_RETRY_AFTER = "5"


def answer_refusal(
    start_response: Callable[..., Any],
    status: int,
    diagnostic: Diagnostic,
    headers: Iterable[tuple[str, str]] = (),
) -> list[bytes]:
    """Answer a request with a status and the error body of the API."""
    text = f"{diagnostic.message} - {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    error = {
        "message": text,
        "error_code": status,
        "error_data": None,
        "diagnostics": [diagnostic_to_plain(diagnostic)],
    }
    body = msgspec.json.encode({"error": error}) + b"\n"
    answered = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answered.append(("Retry-After", _RETRY_AFTER))
    start_response(f"{status} {HTTPStatus(status).phrase}", [*answered, *headers])
    return [body]
