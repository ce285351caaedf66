"""The exchanges on the page about the API: each request is answered as the page says."""

import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from tests.api.live import LiveCase

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/user/api.rst"

#: What stands on the page for something that differs from time to time.
ANYTHING = "..."

_BLOCK = re.compile(r"^\.\. code-block:: (http|json)\n\n((?:   .*\n|\n)+)", re.MULTILINE)


def exchanges() -> Iterator[tuple[str, str, dict[str, str], Any, Any]]:
    """Method, path, headers and body of each request, and the answer to expect, if any."""
    found = _BLOCK.findall(PAGE.read_text())
    blocks = [(kind, re.sub("^   ", "", text, flags=re.MULTILINE)) for kind, text in found]
    for (kind, text), (following, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "http":
            head, _, body = text.strip().partition("\n\n")
            start, *fields = head.split("\n")
            method, path, _ = start.split()
            headers = dict(field.split(": ") for field in fields)
            expected = json.loads(answer) if following == "json" else None
            yield method, path, headers, json.loads(body) if body else ..., expected


class ApiPageTest(LiveCase):
    def test_every_exchange_goes_as_written(self) -> None:
        done = 0
        for method, path, headers, body, expected in exchanges():
            with self.subTest(method=method, path=path):
                response = self.send(method, path, body, **headers)
                if expected is None:
                    self.assertEqual(200, response.status_code, response.text)
                else:
                    self.assert_like(expected, response.json())
            done += 1
        self.assertGreater(done, 10)

    def assert_like(self, expected: Any, found: Any, where: str = "answer") -> None:
        """Everything that is expected is there; objects may have more."""
        if isinstance(expected, dict) and isinstance(found, dict):
            for name, value in expected.items():
                self.assertIn(name, found, where)
                self.assert_like(value, found[name], f"{where}.{name}")
        elif isinstance(expected, list) and isinstance(found, list):
            self.assertEqual(len(expected), len(found), f"{where}: {found}")
            for index, pair in enumerate(zip(expected, found, strict=True)):
                self.assert_like(*pair, f"{where}[{index}]")
        elif expected != ANYTHING:
            self.assertEqual(expected, found, where)
