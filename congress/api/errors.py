"""Refusals as HTTP answers: one table from diagnostic code to status and number.

Imports ``congress.model`` and ``congress.interfaces`` only, besides Flask.

Invariant: every error answer of the API has the body that ``error_body`` makes,
and nothing in it comes from an exception that nobody meant for users.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from congress.interfaces.storage import Conflict, Duplicate, StorageError
from congress.model.diagnostic import (
    LANGUAGE_CODES,
    WARNING_CODES,
    Diagnostic,
    Refused,
    diagnostic_to_plain,
    errors,
)

LOG = logging.getLogger(__name__)

#: Seconds after which a client may try again when a part is away.
RETRY_AFTER = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP status of a refusal and the number old clients know it by."""

    status: int
    error_code: int

    @classmethod
    def plain(cls, status: int) -> "Answer":
        """A refusal that never had a number of its own."""
        return cls(status, status)


#: What each diagnostic code is answered with, unless a route says otherwise.
ANSWERS: Mapping[str, Answer] = {
    **dict.fromkeys((*LANGUAGE_CODES, *WARNING_CODES), Answer(400, 1002)),
    "multiple-statements": Answer(400, 1003),
    "simulate-item": Answer(400, 1007),
    "duplicate-rule": Answer(409, 1008),
    "read-only-policy": Answer(400, 1019),
    "no-policy": Answer(404, 1020),
    "duplicate-policy": Answer.plain(409),
    "bad-kind": Answer.plain(400),
    "bad-policy-name": Answer.plain(400),
    "invalid": Answer.plain(400),
    "bad-configuration": Answer.plain(400),
    "plugin": Answer.plain(400),
    "unsupported": Answer.plain(400),
    "unauthenticated": Answer.plain(401),
    "forbidden": Answer.plain(403),
    "not-found": Answer.plain(404),
    "duplicate": Answer.plain(409),
    "conflict": Answer.plain(409),
    "changed": Answer.plain(412),
    "too-large": Answer.plain(413),
    "internal": Answer.plain(500),
    "action-failed": Answer.plain(502),
    "driver-error": Answer.plain(502),
    "unavailable": Answer.plain(503),
    "timeout": Answer.plain(503),
    "not-configured": Answer.plain(503),
    "secret-key": Answer.plain(503),
    "schema-version": Answer.plain(503),
}


class RouteRefused(Refused):
    """A refusal that a route answers with a status or number of its own."""

    def __init__(self, answer: Answer, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.answer = answer


def refuse_with(
    status: int, error_code: int, message: str, *, code: str = "invalid", where: str = ""
) -> RouteRefused:
    """A refusal with one reason, a status and a number."""
    return RouteRefused(Answer(status, error_code), Diagnostic(code, message, where=where))


def answer_of(refused: Refused) -> Answer:
    """The status and number for a refusal: those of its first error."""
    if isinstance(refused, RouteRefused):
        return refused.answer
    reasons = errors(refused.diagnostics) or refused.diagnostics
    return ANSWERS[reasons[0].code]


def error_body(diagnostics: Sequence[Diagnostic], error_code: int) -> bytes:
    """The one error body, as JSON text with a line end."""
    places = [diagnostic.where for diagnostic in diagnostics if diagnostic.where]
    body = {
        "error": {
            "message": "; ".join(_sentence(diagnostic) for diagnostic in diagnostics),
            "error_code": error_code,
            "error_data": "; ".join(places) or None,
            "diagnostics": [diagnostic_to_plain(diagnostic) for diagnostic in diagnostics],
        }
    }
    return msgspec.json.encode(body) + b"\n"


def _sentence(diagnostic: Diagnostic) -> str:
    """A diagnostic for clients that show nothing but the message."""
    text = diagnostic.message
    if diagnostic.span:
        text += f" (line {diagnostic.span.line}, column {diagnostic.span.column})"
    return f"{text} - {diagnostic.hint}" if diagnostic.hint else text


def error_response(diagnostics: Sequence[Diagnostic], answer: Answer) -> Response:
    """The answer that carries a refusal."""
    response = Response(
        error_body(diagnostics, answer.error_code),
        status=answer.status,
        content_type="application/json",
    )
    if answer.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def install(app: Flask) -> None:
    """Let the application answer every failure with the error body."""
    app.register_error_handler(Refused, _on_refused)
    app.register_error_handler(StorageError, _on_storage_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, _on_fault)


def _on_refused(refused: Refused) -> Response:
    answer = answer_of(refused)
    if answer.status >= 500:
        LOG.warning("%s %s: %s", request.method, request.path, refused)
    return error_response(refused.diagnostics, answer)


def _on_storage_error(error: StorageError) -> Response:
    if isinstance(error, Duplicate):
        diagnostic = Diagnostic("duplicate", str(error))
    elif isinstance(error, Conflict):
        diagnostic = Diagnostic(
            "conflict", "somebody else changed it meanwhile", hint="read it again, then repeat"
        )
    else:
        LOG.warning("%s %s: storage: %s", request.method, request.path, error)
        diagnostic = Diagnostic("unavailable", "the storage cannot be used at the moment")
    return error_response([diagnostic], ANSWERS[diagnostic.code])


#: Diagnostic codes for what Flask itself refuses; others are ``invalid``.
_HTTP_CODES = {404: "not-found", 405: "unsupported", 413: "too-large"}


def on_http_error(error: HTTPException) -> Response:
    """What Flask itself refuses, with the error body."""
    status = error.code or 500
    if status < 400:
        return Response(error.get_body(), status=status, headers=error.get_headers())
    allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    message = error.description or error.name
    if status == 404:
        message = f"there is nothing at {request.path}"
    elif status == 405:
        message = f"{request.method} is not possible at {request.path}; possible: {allowed}"
    diagnostic = Diagnostic(_HTTP_CODES.get(status, "invalid"), message)
    response = error_response([diagnostic], Answer.plain(status))
    if allowed:
        response.headers["Allow"] = allowed
    return response


def _on_fault(error: Exception) -> Response:
    LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    diagnostic = Diagnostic(
        "internal",
        "a fault of this program stopped the request",
        hint="the server's log has it under the request id of this answer",
    )
    return error_response([diagnostic], ANSWERS["internal"])
