"""The example of the page about webhooks, run as it is written."""

import os
import pathlib
import re
import subprocess
import unittest

from tests.functional.system import System, wait_until

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/source/user/webhooks.rst"
SECRET = "tulips and windmills"


class WebhookExampleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.system = System(self)
        self.system.start()
        self.system.congress(
            "datasource", "create", "push", "alarms", "--config", f"webhook_secret={SECRET}"
        )
        wait_until(
            lambda: self.system.get("/v1/data-sources/alarms/status")["initialized"] == "True",
            "the data source is open",
        )

    def run_example(self, secret: str, after: str = "") -> "subprocess.CompletedProcess[str]":
        """Run the block of the page, and more after it."""
        [block] = re.findall(r"\.\. code-block:: bash\n\n((?:   .*\n)+)", PAGE.read_text())
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block + after],
            env={**os.environ, "SECRET": secret, "CONGRESS": self.system.url, "no_proxy": "*"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def rows(self) -> list[list[object]]:
        found = self.system.get("/v1/data-sources/alarms/tables/open/rows")
        return [row["data"] for row in found["results"]]

    def test_it_works_as_written(self) -> None:
        done = self.run_example(SECRET)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual([["disk full", "web1"]], self.rows())

    def test_with_another_secret_it_does_not(self) -> None:
        done = self.run_example("another secret, as long")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("the signature is not valid", done.stdout)

    def test_the_same_request_is_refused_the_second_time(self) -> None:
        again = """
            curl --silent --header 'Content-Type: application/json' \\
                --header "X-Congress-Timestamp: $now" \\
                --header "X-Congress-Signature: sha256=$signature" \\
                --data-binary "$body" "$CONGRESS/v1/data-sources/alarms/webhook" """
        done = self.run_example(SECRET, again)
        self.assertIn("received before", done.stdout)
        self.assertEqual([["disk full", "web1"]], self.rows())

    def test_the_secret_is_nowhere_to_be_seen(self) -> None:
        self.run_example(SECRET)
        shown = self.system.congress("datasource", "show", "alarms").stdout
        self.assertNotIn(SECRET, shown)
        self.assertIn("<hidden>", shown)
        self.assertNotIn(SECRET, self.system.log.read_text())
        stored = b"".join(
            path.read_bytes()
            for path in (self.system.folder / "state").rglob("*")
            if path.is_file() and path.name != "aes_key"
        )
        self.assertNotIn(SECRET.encode(), stored)
