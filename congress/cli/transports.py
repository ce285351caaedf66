"""How requests reach the server: plainly, or with a token of the identity service.

Imports the client. ``requests`` and keystoneauth are imported when the first request is
sent, so that ``--help`` costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from congress.cli.client import Answer, RequestFailed
from congress.model.diagnostic import Diagnostic

if TYPE_CHECKING:
    from keystoneauth1.adapter import Adapter
    from requests import Response

DEFAULT_ENDPOINT = "http://127.0.0.1:1789"

#: Seconds to wait for a connection, and for an answer.
TIMEOUTS = (10, 600)


def _headers(body: str | None, more: Mapping[str, str]) -> dict[str, str]:
    """What every request says of itself, and what this one says besides."""
    declared = {} if body is None else {"Content-Type": "application/json"}
    return {"Accept": "application/json", **declared, **more}


class PlainTransport:
    """Sends requests without credentials."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint.rstrip("/")

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: str | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """See ``Transport.send``."""
        import requests

        try:
            response = requests.request(
                method,
                self._endpoint + path,
                params=dict(query),
                data=None if body is None else body.encode(),
                headers=_headers(body, headers),
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except requests.ConnectionError as error:
            raise _unreachable(self._endpoint) from error
        except (requests.RequestException, ValueError) as error:
            raise RequestFailed(f"{self._endpoint} cannot be used: {error}") from error
        return Answer(response.status_code, response.text, response.headers.get("ETag", ""))

    def lines(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Iterator[str]]:
        """See ``Transport.lines``."""
        import requests

        try:
            response = requests.get(
                self._endpoint + path,
                params=dict(query),
                headers=dict(headers),
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise _unreachable(self._endpoint) from error
        return response.status_code, _lines(response)


def _lines(response: Response) -> Iterator[str]:
    """The lines of an answer as they come."""
    from requests import RequestException

    try:
        for line in response.iter_lines():
            yield line.decode(errors="replace")
    except RequestException as error:
        raise _lost() from error
    finally:
        response.close()


def _lost() -> RequestFailed:
    message = "the connection to the server was lost"
    return RequestFailed(message, (Diagnostic("unavailable", message),))


def _unreachable(endpoint: str) -> RequestFailed:
    hint = "start a server with: congress-server --standalone"
    if endpoint != DEFAULT_ENDPOINT:
        hint = "give the address of a server with --endpoint or CONGRESS_ENDPOINT"
    message = f"no server answers at {endpoint}"
    return RequestFailed(message, (Diagnostic("unavailable", message, hint=hint),))


def _refused(error: Exception) -> RequestFailed:
    """The failure of a request that needed the identity service, or the catalogue."""
    from keystoneauth1.exceptions import ConnectFailure, Unauthorized

    code = "unavailable" if isinstance(error, ConnectFailure) else "not-configured"
    code = "unauthenticated" if isinstance(error, Unauthorized) else code
    return RequestFailed(str(error), (Diagnostic(code, str(error)),))


class KeystoneTransport:
    """Sends requests with a token of the OpenStack identity service."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: str | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """See ``Transport.send``."""
        from keystoneauth1.exceptions import ClientException

        try:
            response = self._adapter.request(
                path,
                method,
                params=dict(query),
                data=None if body is None else body.encode(),
                headers=_headers(body, headers),
                raise_exc=False,
            )
        except ClientException as error:
            raise _refused(error) from error
        etag = response.headers.get("ETag", "")
        return Answer(int(response.status_code), str(response.text), etag)

    def lines(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Iterator[str]]:
        """See ``Transport.lines``."""
        from keystoneauth1.exceptions import ClientException

        try:
            response = self._adapter.get(
                path, params=dict(query), headers=dict(headers), stream=True, raise_exc=False
            )
        except ClientException as error:
            raise _refused(error) from error
        return int(response.status_code), _lines(response)
