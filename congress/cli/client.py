"""The REST client behind the commands.

Imports the model only; what sends the requests is in ``congress.cli.transports``.

Invariant: every failure comes out as ``RequestFailed``, with a text for people.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn, Protocol
from urllib.parse import quote

from congress.cli.events import Event, read_events
from congress.model.diagnostic import Diagnostic, Severity, diagnostic_from_plain
from congress.model.signature import signature_of


class RequestFailed(Exception):  # noqa: N818 - what the user is told
    """A request that was refused or could not be made.

    ``texts`` are the rule texts it was about, by the place they have in the request
    (``""`` for the only one); the diagnostics point into them.
    """

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message)
        self.diagnostics = diagnostics
        self.texts: Mapping[str, str] = {}
        self.status = 0

    def __str__(self) -> str:
        if not self.diagnostics:
            return str(self.args[0])
        return "\n".join(self._render(d) for d in self.diagnostics)

    def _render(self, diagnostic: Diagnostic) -> str:
        """The diagnostic with the text it is about underlined; at least with the place."""
        text = self.texts.get(diagnostic.where) or self.texts.get("", "")
        span = diagnostic.span
        if span and not text and not diagnostic.where:
            diagnostic = replace(diagnostic, where=f"line {span.line}, column {span.column}")
        return diagnostic.render(text)


class Answer(NamedTuple):
    """What came back: status, text, and the ETag if there is one."""

    status: int
    text: str
    etag: str = ""


class Transport(Protocol):
    """Sends one request: method, path from the root, query, body as JSON text or nothing."""

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: str | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """The answer. :raises RequestFailed: there is none."""

    def lines(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Iterator[str]]:
        """The status and the lines of an answer that may have no end, as they come.

        Reading a line raises ``RequestFailed`` if the connection is lost.

        :raises RequestFailed: there is no answer.
        """


class Client:
    """The API, path by path. Segments of paths are quoted here."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, *path: str, **query: object) -> Any:
        """Read something."""
        return self._send("GET", path, query)

    def get_tagged(self, *path: str) -> tuple[dict[str, Any], str]:
        """Read something, and its ETag."""
        answer = self._transport.send("GET", _place(path), {}, None, {})
        return self._answer(answer), answer.etag

    def post(self, *path: str, body: object = None, texts: Any = None, **query: object) -> Any:
        """Create something, or have something done."""
        return self._send("POST", path, query, body, texts)

    def put(
        self,
        *path: str,
        body: object,
        texts: Any = None,
        if_match: str | None = None,
        **query: object,
    ) -> Any:
        """Replace something; with ``if_match`` only if it still has this ETag."""
        return self._send("PUT", path, query, body, texts, _condition(if_match))

    def patch(
        self,
        *path: str,
        body: object,
        texts: Any = None,
        if_match: str | None = None,
        **query: object,
    ) -> Any:
        """Change something in part; with ``if_match`` only if it still has this ETag."""
        return self._send("PATCH", path, query, body, texts, _condition(if_match))

    def delete(
        self, *path: str, body: object = None, if_match: str | None = None, **query: object
    ) -> Any:
        """Delete something; with ``if_match`` only if it still has this ETag."""
        return self._send("DELETE", path, query, body, None, _condition(if_match))

    def post_signed(self, *path: str, body: object, secret: str, at: float) -> Any:
        """Have something done that a secret vouches for.

        :param at: the time, in seconds since 1970.
        """
        text, timestamp = json.dumps(body), str(int(at))
        headers = {
            "X-Congress-Timestamp": timestamp,
            "X-Congress-Signature": f"sha256={signature_of(secret, timestamp, text)}",
        }
        return self._answer(self._transport.send("POST", _place(path), {}, text, headers))

    def events(self, *path: str, since: str = "") -> Iterator[Event]:
        """What happens there after a mark, as long as the server goes on telling.

        :raises RequestFailed: the server refuses, or the connection is lost.
        """
        headers = {"Accept": "text/event-stream"}
        if since:
            headers["Last-Event-ID"] = since
        status, lines = self._transport.lines(_place(path), {}, headers)
        if status != 200:
            self._answer(Answer(status, "\n".join(lines)))
        yield from read_events(lines)

    def versions(self) -> list[dict[str, Any]]:
        """The versions the server offers."""
        answer = self._transport.send("GET", "/", {}, None, {})
        found: list[dict[str, Any]] = self._answer(answer)["versions"]
        return found

    def health(self) -> dict[str, Any]:
        """How the node fares that answers: the whole, and its services.

        :raises RequestFailed: it does not tell.
        """
        answer = self._transport.send("GET", "/health/ready", {}, None, {})
        served = answer._replace(status=200) if answer.status == 503 else answer
        found: dict[str, Any] = self._answer(served)
        return found

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, object],
        body: object = None,
        texts: str | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        place = _place(path)
        asked = {name: str(value) for name, value in query.items() if value is not None}
        text = None if body is None else json.dumps(body)
        try:
            return self._answer(self._transport.send(method, place, asked, text, headers or {}))
        except RequestFailed as failure:
            failure.texts = {"": texts} if isinstance(texts, str) else texts or {}
            raise

    def _answer(self, answer: Answer) -> Any:
        """What the server said, or the failure it told of."""
        status, text = answer.status, answer.text
        try:
            said = json.loads(text) if text.strip() else None
        except ValueError:
            said = None
            if 200 <= status < 300:
                raise RequestFailed("the server's answer is not JSON; is it Congress?") from None
        if not 200 <= status < 300:
            _fail(status, said)
        return said


def _condition(etag: str | None) -> Mapping[str, str]:
    return {"If-Match": etag} if etag else {}


def _place(path: tuple[str, ...]) -> str:
    """The path of something, from the root."""
    return "/v1/" + "/".join(_segment(part) for part in path)


def _segment(name: str) -> str:
    """A name as a segment of a path, which it must not leave or shorten.

    :raises RequestFailed: for a name that would.
    """
    if name in ("", ".", ".."):
        raise RequestFailed("", (Diagnostic("not-found", f"nothing is named {name!r}"),))
    return quote(name, safe="")


def _fail(status: int, said: object) -> NoReturn:
    """Raise what an error answer tells."""
    failure = read_failure(said, f"the server answered with HTTP status {status}")
    failure.status = status
    raise failure


def read_failure(said: object, message: str) -> RequestFailed:
    """The failure that an error body tells of.

    :param message: what to say if it tells nothing.
    """
    error = said.get("error") if isinstance(said, dict) else None
    diagnostics: tuple[Diagnostic, ...] = ()
    if isinstance(error, dict):
        message = str(error.get("message") or message)
        listed = error.get("diagnostics")
        diagnostics = _read_diagnostics(listed if isinstance(listed, list) else [])
    return RequestFailed(message, diagnostics or (Diagnostic("internal", message),))


def _read_diagnostics(listed: list[Any]) -> tuple[Diagnostic, ...]:
    found = [diagnostic_from_plain(plain) for plain in listed if isinstance(plain, dict)]
    return tuple(d for d in found if d.severity is Severity.ERROR) or tuple(found)
