"""The test case of the command tests: ``congress`` against the API on fakes, in process."""

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

from congress.cli.client import Answer
from congress.cli.main import main
from tests.api.case import BASE, ApiTestCase


@contextlib.contextmanager
def own_logging() -> Iterator[None]:
    """What a command does to logging ends with it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


class AppTransport:
    """Sends the client's requests to an application in this process."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.sent: list[tuple[str, str]] = []

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: str | None,
        headers: Mapping[str, str],
    ) -> Answer:
        self.sent.append((method, path))
        response = self._client.open(
            path,
            method=method,
            base_url=BASE,
            query_string=dict(query),
            data=body,
            content_type=None if body is None else "application/json",
            headers=dict(headers),
        )
        text, etag = response.get_data(as_text=True), response.headers.get("ETag", "")
        return Answer(response.status_code, text, etag)

    def lines(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Iterator[str]]:
        self.sent.append(("GET", path))
        response = self._client.open(
            path, base_url=BASE, query_string=dict(query), headers=dict(headers)
        )
        return response.status_code, self._lines_of(response)

    @staticmethod
    def _lines_of(response: Any) -> Iterator[str]:
        with contextlib.closing(response):
            for piece in response.response:
                yield from piece.decode().split("\n")[:-1]


class CliTestCase(ApiTestCase):
    """Runs commands."""

    def setUp(self) -> None:
        super().setUp()
        self.transport = AppTransport(self.client)

    def run_command(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch("congress.cli.main.make_transport", lambda _options: self.transport),
            mock.patch("sys.stdout", out),
            mock.patch("sys.stderr", err),
            mock.patch("sys.stdin", io.StringIO(stdin)),
            own_logging(),
        ):
            try:
                code = main(arguments)
            except SystemExit as ending:
                code = int(ending.code or 0)
        return code, out.getvalue(), err.getvalue()

    def output(self, *arguments: str, **more: str) -> str:
        """What a command that must succeed printed."""
        code, out, err = self.run_command(*arguments, **more)
        self.assertEqual(0, code, err)
        return out
