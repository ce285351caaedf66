"""The clients with tokens of a real Keystone, and the server of its catalogue.

``script/services`` starts it and tells its URL, as for ``test_keystone``.
"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any, ClassVar

from tests.functional import identity
from tests.functional.live_server import LiveServer
from tests.functional.released_client import ReleasedClientSuite, run_all
from tests.functional.test_openstack_plugin import OURS, build

CLOUDS = """
clouds:
  ours:
    region_name: one
    auth:
      auth_url: {url}
      username: admin
      password: {password}
      project_name: admin
      user_domain_id: default
      project_domain_id: default
"""


class ReleasedSuite(ReleasedClientSuite):
    """Every command of the released client, by the administrator."""

    url: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        server = LiveServer(identity.settings(cls.url), arguments=())
        with identity.offered(cls.url, server.url):
            cls.run_against(server, identity.access(cls.url, "admin", "admin"))


class OwnSuite:
    """``congress`` and its plugin of openstackclient."""

    url: ClassVar[str]
    server: ClassVar[LiveServer]

    @classmethod
    def setUpClass(cls: Any) -> None:
        cls.server = LiveServer(identity.settings(cls.url), arguments=())
        cls.addClassCleanup(cls.server.close)
        cls.enterClassContext(identity.offered(cls.url, cls.server.url))

    def congress(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        return subprocess.run(
            [sys.executable, "-m", "congress.cli.main", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**kept, **environment},
        )

    def account(self, person: str, project: str) -> dict[str, str]:
        """The environment of somebody."""
        options = identity.access(self.url, person, project)
        names = (name[2:].replace("-", "_").upper() for name in options[::2])
        return dict(zip(names, options[1::2], strict=True))

    def test_an_account_in_the_environment(self: Any) -> None:
        made = self.congress("policy", "create", "mine", **self.account("admin", "admin"))
        self.assertEqual(0, made.returncode, made.stderr)
        listed = self.congress("policy", "list", "-f", "json", **self.account("admin", "admin"))
        self.assertIn("mine", [policy["name"] for policy in json.loads(listed.stdout)])

    def test_a_cloud_of_the_configuration_file(self: Any) -> None:
        file = self.server.folder / "clouds.yaml"
        file.write_text(CLOUDS.format(url=self.url, password=identity.PASSWORD))
        listed = self.congress(
            "--os-cloud", "ours", "policy", "list", OS_CLIENT_CONFIG_FILE=str(file)
        )
        self.assertEqual(0, listed.returncode, listed.stderr)
        self.assertIn("classification", listed.stdout)

    def test_a_member_is_told_what_he_may_not(self: Any) -> None:
        refused = self.congress("policy", "create", "yours", **self.account("mo", "demo"))
        self.assertEqual(1, refused.returncode)
        self.assertIn("error[forbidden]", refused.stderr)

    def test_a_wrong_password(self: Any) -> None:
        account = {**self.account("admin", "admin"), "OS_PASSWORD": "wrong"}
        refused = self.congress("policy", "list", **account)
        self.assertEqual(1, refused.returncode)
        self.assertNotIn("Traceback", refused.stderr)

    def test_openstack_with_our_commands(self: Any) -> None:
        folder = Path(self.server.folder, "osc")
        folder.mkdir()
        access = identity.access(self.url, "admin", "admin")
        for command, (code, out, err) in run_all(
            self.server, OURS, build(folder), access=access
        ).items():
            with self.subTest(command=command):
                self.assertEqual((0, ""), (code, err))
                self.assertTrue(json.loads(out))


def make_tests() -> None:
    """Add the classes, if there is a Keystone; ``test_keystone`` misses it in CI."""
    url = os.environ.get(identity.VARIABLE, "")
    for suite in (ReleasedSuite, OwnSuite) if url else ():
        name = f"Keystone{suite.__name__}".replace("Suite", "ClientTest")
        names = {"url": url, "__module__": __name__}
        globals()[name] = type(name, (suite, unittest.TestCase), names)


make_tests()
