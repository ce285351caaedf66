"""The REST client behind the commands.

Imports the model only; ``requests`` and keystoneauth are imported when the first
request is sent, so that ``--help`` costs nothing.

Invariant: every failure comes out as ``RequestFailed``, with a text for people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import quote

from congress.model.diagnostic import Diagnostic, Severity, diagnostic_from_plain

if TYPE_CHECKING:
    from keystoneauth1.adapter import Adapter

DEFAULT_ENDPOINT = "http://127.0.0.1:1789"

#: Seconds to wait for a connection, and for an answer.
TIMEOUTS = (10, 600)


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


class Transport(Protocol):
    """Sends one request: method, path from the root, query, body as JSON text or nothing."""

    def send(
        self, method: str, path: str, query: Mapping[str, str], body: str | None
    ) -> tuple[int, str]:
        """The status and the text of the answer. :raises RequestFailed: there is none."""


class PlainTransport:
    """Sends requests without credentials."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")

    def send(
        self, method: str, path: str, query: Mapping[str, str], body: str | None
    ) -> tuple[int, str]:
        """See ``Transport.send``."""
        import requests

        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = requests.request(
                method,
                self._endpoint + path,
                params=dict(query),
                data=None if body is None else body.encode(),
                headers=headers,
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except requests.ConnectionError as error:
            raise _unreachable(self._endpoint) from error
        except (requests.RequestException, ValueError) as error:
            raise RequestFailed(f"{self._endpoint} cannot be used: {error}") from error
        return response.status_code, response.text


def _unreachable(endpoint: str) -> RequestFailed:
    hint = "start a server with: congress-server --standalone"
    if endpoint != DEFAULT_ENDPOINT:
        hint = "give the address of a server with --endpoint or CONGRESS_ENDPOINT"
    message = f"no server answers at {endpoint}"
    return RequestFailed(message, (Diagnostic("unavailable", message, hint=hint),))


class KeystoneTransport:
    """Sends requests with a token of the OpenStack identity service."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def send(
        self, method: str, path: str, query: Mapping[str, str], body: str | None
    ) -> tuple[int, str]:
        """See ``Transport.send``."""
        from keystoneauth1.exceptions import ClientException

        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            response = self._adapter.request(
                path,
                method,
                params=dict(query),
                data=None if body is None else body.encode(),
                headers=headers,
                raise_exc=False,
            )
        except ClientException as error:
            raise RequestFailed(str(error)) from error
        return int(response.status_code), str(response.text)


class Client:
    """The API, path by path. Segments of paths are quoted here."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, *path: str, **query: object) -> Any:
        """Read something."""
        return self._send("GET", path, query)

    def post(self, *path: str, body: object = None, texts: Any = None, **query: object) -> Any:
        """Create something, or have something done."""
        return self._send("POST", path, query, body, texts)

    def put(self, *path: str, body: object, texts: Any = None) -> Any:
        """Replace something."""
        return self._send("PUT", path, {}, body, texts)

    def patch(self, *path: str, body: object) -> Any:
        """Change something in part."""
        return self._send("PATCH", path, {}, body)

    def delete(self, *path: str) -> Any:
        """Delete something."""
        return self._send("DELETE", path, {})

    def versions(self) -> list[dict[str, Any]]:
        """The versions the server offers."""
        found: list[dict[str, Any]] = self._answer(*self._transport.send("GET", "/", {}, None))[
            "versions"
        ]
        return found

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, object],
        body: object = None,
        texts: str | Mapping[str, str] | None = None,
    ) -> Any:
        place = "/v1/" + "/".join(_segment(part) for part in path)
        asked = {name: str(value) for name, value in query.items() if value is not None}
        text = None if body is None else json.dumps(body)
        try:
            return self._answer(*self._transport.send(method, place, asked, text))
        except RequestFailed as failure:
            failure.texts = {"": texts} if isinstance(texts, str) else texts or {}
            raise

    def _answer(self, status: int, text: str) -> Any:
        """What the server said, or the failure it told of."""
        try:
            said = json.loads(text) if text.strip() else None
        except ValueError:
            said = None
            if 200 <= status < 300:
                raise RequestFailed("the server's answer is not JSON; is it Congress?") from None
        if not 200 <= status < 300:
            _fail(status, said)
        return said


def _segment(name: str) -> str:
    """A name as a segment of a path, which it must not leave or shorten.

    :raises RequestFailed: for a name that would.
    """
    if name in ("", ".", ".."):
        raise RequestFailed("", (Diagnostic("not-found", f"nothing is named {name!r}"),))
    return quote(name, safe="")


def _fail(status: int, said: object) -> NoReturn:
    """Raise what an error answer tells."""
    error = said.get("error") if isinstance(said, dict) else None
    message = f"the server answered with HTTP status {status}"
    diagnostics: tuple[Diagnostic, ...] = ()
    if isinstance(error, dict):
        message = str(error.get("message") or message)
        listed = error.get("diagnostics")
        diagnostics = _read_diagnostics(listed if isinstance(listed, list) else [])
    failure = RequestFailed(message, diagnostics or (Diagnostic("internal", message),))
    failure.status = status
    raise failure


def _read_diagnostics(listed: list[Any]) -> tuple[Diagnostic, ...]:
    found = [diagnostic_from_plain(plain) for plain in listed if isinstance(plain, dict)]
    return tuple(d for d in found if d.severity is Severity.ERROR) or tuple(found)
