"""The policy library of a real server: what it brings, and files that change while it runs."""

import unittest

from congress.roles.policy.library_files import read_shelf
from tests.functional.system import System, wait_until
from tests.unit.library.test_shipped_policies import LIBRARY

PLACE = "/v1/librarypolicies"


class LibraryTest(unittest.TestCase):
    def setUp(self) -> None:
        self.system = System(self)
        self.files = self.system.folder / "library"
        self.files.mkdir()
        with self.system.config.open("a") as config:
            config.write(f"policy_library_path = {self.files}\n")
        self.system.start()

    def names(self) -> set[str]:
        """The names of all library policies."""
        return {one["name"] for one in self.system.get(PLACE)["results"]}

    def test_every_shipped_policy_can_be_activated_before_its_datasources_are_there(self) -> None:
        names = set(read_shelf([LIBRARY]).policies)
        wait_until(lambda: names <= self.names(), "the library is loaded")
        for name in names:
            with self.subTest(policy=name):
                created = self.system.http.post(
                    f"{self.system.url}/v1/policies",
                    params={"library_policy": name, "allow_parked": "1"},
                    json={},
                    timeout=30,
                )
                self.assertEqual(201, created.status_code, created.text)

    def test_a_file_is_loaded_on_demand_and_survives_a_restart(self) -> None:
        wait_until(lambda: "HostChecks" in self.names(), "the library is loaded")
        file = self.files / "own.yaml"
        file.write_text("name: Own\nrules:\n- rule: p(1)\n")
        self.assertIn("added", self.system.congress("library", "load").stdout)
        self.system.congress("library", "activate", "Own")
        self.assertIn("1", self.system.congress("row", "list", "Own", "p").stdout)
        self.system.congress("library", "delete", "HostChecks")
        self.assertEqual(0, self.system.terminate())
        file.unlink()
        self.system.start()
        wait_until(lambda: "Own" not in self.names(), "the library is loaded again")
        self.assertNotIn("HostChecks", self.names())
        self.assertIn("Own", self.system.congress("policy", "list").stdout)
