"""Global options: without credentials plain HTTP, with them a token and the catalogue."""

import argparse
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import requests
import requests_mock

from congress.cli.client import Client, RequestFailed
from congress.cli.credentials import add_options, make_transport
from congress.cli.transports import DEFAULT_ENDPOINT, KeystoneTransport, PlainTransport

KEYSTONE = "http://keystone.example/v3"
POLICY = "http://policy.example:1789"

ACCOUNT = (
    *("--os-auth-url", KEYSTONE, "--os-username", "ada", "--os-password", "pw"),
    *("--os-project-name", "p", "--os-user-domain-name", "d", "--os-project-domain-name", "d"),
)

CLOUDS = f"""
clouds:
  ours:
    region_name: r
    auth:
      auth_url: {KEYSTONE}
      username: ada
      password: pw
      project_name: p
      user_domain_name: d
      project_domain_name: d
"""


def parse(*arguments: str, **environment: str) -> argparse.Namespace:
    """The global options of a command line in an environment."""
    parser = argparse.ArgumentParser()
    with mock.patch.dict("os.environ", environment, clear=True):
        add_options(parser)
    return parser.parse_args(arguments)


class CredentialsTest(unittest.TestCase):
    def clouds(self, text: str) -> None:
        """Let there be a ``clouds.yaml``."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        file = Path(folder, "clouds.yaml")
        file.write_text(text)
        self.enterContext(mock.patch.dict("os.environ", OS_CLIENT_CONFIG_FILE=str(file)))

    def keystone(self, mocked: requests_mock.Mocker) -> None:
        """An identity service whose catalogue has the policy service."""
        version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": KEYSTONE}]}
        mocked.get(KEYSTONE, json={"version": version})
        endpoint = {
            "interface": "public",
            "region": "r",
            "region_id": "r",
            "id": "e",
            "url": POLICY,
        }
        catalog = [{"type": "policy", "id": "s", "name": "congress", "endpoints": [endpoint]}]
        token = {
            "methods": ["password"],
            "user": {"id": "u", "name": "ada", "domain": {"id": "d", "name": "d"}},
            "expires_at": "2999-01-01T00:00:00.000000Z",
            "issued_at": "2020-01-01T00:00:00.000000Z",
            "catalog": catalog,
        }
        mocked.post(
            f"{KEYSTONE}/auth/tokens",
            json={"token": token},
            headers={"X-Subject-Token": "tok"},
            status_code=201,
        )

    @requests_mock.Mocker()
    def test_without_credentials_the_usual_place(self, mocked: requests_mock.Mocker) -> None:
        transport = make_transport(parse())
        self.assertIsInstance(transport, PlainTransport)
        mocked.get(f"{DEFAULT_ENDPOINT}/v1/policies", json={"results": []})
        self.assertEqual({"results": []}, Client(transport).get("policies"))
        self.assertNotIn("X-Auth-Token", mocked.last_request.headers)

    @requests_mock.Mocker()
    def test_the_endpoint(self, mocked: requests_mock.Mocker) -> None:
        mocked.get("http://b:1/v1/a%2Fb", json=1)
        for options in (
            parse("--endpoint", "http://b:1/"),
            parse(CONGRESS_ENDPOINT="http://b:1"),
            parse("--endpoint", "http://b:1", "--os-auth-type", "none"),
        ):
            self.assertEqual(1, Client(make_transport(options)).get("a/b"))

    @requests_mock.Mocker()
    def test_with_credentials_the_catalogue(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        mocked.post(f"{POLICY}/v1/policies", json={"id": "1"}, status_code=201)
        transport = make_transport(parse(*ACCOUNT))
        self.assertIsInstance(transport, KeystoneTransport)
        self.assertEqual({"id": "1"}, Client(transport).post("policies", body={"name": "p"}))
        sent = mocked.last_request
        self.assertEqual("tok", sent.headers["X-Auth-Token"])
        self.assertEqual("application/json", sent.headers["Content-Type"])
        self.assertEqual({"name": "p"}, sent.json())

    @requests_mock.Mocker()
    def test_with_credentials_from_the_environment(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        mocked.get("http://other:1/v1/policies", json=[])
        names = dict(zip(ACCOUNT[::2], ACCOUNT[1::2], strict=True))
        environment = {k[2:].upper().replace("-", "_"): v for k, v in names.items()}
        options = parse("--endpoint", "http://other:1", **environment)
        self.assertEqual([], Client(make_transport(options)).get("policies"))
        self.assertEqual("tok", mocked.last_request.headers["X-Auth-Token"])

    @requests_mock.Mocker()
    def test_with_a_cloud_of_the_configuration_file(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        mocked.get(f"{POLICY}/v1/policies", json=[])
        self.clouds(CLOUDS)
        self.assertEqual([], Client(make_transport(parse("--os-cloud", "ours"))).get("policies"))
        asked = [sent.json() for sent in mocked.request_history if sent.path.endswith("/tokens")]
        self.assertEqual("ada", asked[0]["auth"]["identity"]["password"]["user"]["name"])
        transport = make_transport(parse("--os-username", "eve", OS_CLOUD="ours"))
        self.assertEqual([], Client(transport).get("policies"))
        asked = [sent.json() for sent in mocked.request_history if sent.path.endswith("/tokens")]
        self.assertEqual("eve", asked[1]["auth"]["identity"]["password"]["user"]["name"])

    def test_a_cloud_that_is_not_there(self) -> None:
        self.clouds(CLOUDS)
        with self.assertRaises(RequestFailed) as caught:
            make_transport(parse("--os-cloud", "theirs"))
        self.assertIn("theirs", str(caught.exception))

    def test_credentials_that_cannot_be_used(self) -> None:
        for options in (("--os-auth-type", "nosuch"), ("--os-auth-type", "v3password")):
            with self.subTest(options=options), self.assertRaises(RequestFailed) as caught:
                make_transport(parse(*options))
            self.assertIn("credentials", str(caught.exception))

    @requests_mock.Mocker()
    def test_rare_options_come_from_the_environment(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        mocked.get(f"{POLICY}/v1/policies", json=[])
        options = parse(*ACCOUNT, "--os-auth-type", "v3totp")
        with mock.patch.dict("os.environ", {"OS_PASSCODE": "123456"}):
            transport = make_transport(options)
        self.assertEqual([], Client(transport).get("policies"))
        [sent] = [sent for sent in mocked.request_history if sent.path.endswith("/tokens")]
        self.assertEqual("123456", sent.json()["auth"]["identity"]["totp"]["user"]["passcode"])

    @requests_mock.Mocker()
    def test_a_refusal_behind_credentials(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        error = {
            "message": "no",
            "diagnostics": [{"code": "forbidden", "severity": "error", "message": "not you"}],
        }
        mocked.get(f"{POLICY}/v1/policies", json={"error": error}, status_code=403)
        with self.assertRaises(RequestFailed) as caught:
            Client(make_transport(parse(*ACCOUNT))).get("policies")
        self.assertEqual("error[forbidden]: not you", str(caught.exception))
        self.assertEqual(403, caught.exception.status)

    @requests_mock.Mocker()
    def test_an_identity_service_that_refuses(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        mocked.post(f"{KEYSTONE}/auth/tokens", json={}, status_code=401)
        with self.assertRaises(RequestFailed) as caught:
            Client(make_transport(parse(*ACCOUNT))).get("policies")
        self.assertIn("error[unauthenticated]", str(caught.exception))

    @requests_mock.Mocker()
    def test_an_identity_service_that_is_away(self, mocked: requests_mock.Mocker) -> None:
        mocked.get(KEYSTONE, exc=requests.ConnectionError)
        mocked.post(f"{KEYSTONE}/auth/tokens", exc=requests.ConnectionError)
        with self.assertRaises(RequestFailed) as caught:
            Client(make_transport(parse(*ACCOUNT))).get("policies")
        self.assertIn("error[unavailable]", str(caught.exception))

    @requests_mock.Mocker()
    def test_a_catalogue_without_the_service(self, mocked: requests_mock.Mocker) -> None:
        self.keystone(mocked)
        with self.assertRaises(RequestFailed) as caught:
            Client(make_transport(parse(*ACCOUNT, "--os-region-name", "z"))).get("policies")
        self.assertIn("error[not-configured]", str(caught.exception))

    @requests_mock.Mocker()
    def test_answers_that_are_not_of_congress(self, mocked: requests_mock.Mocker) -> None:
        client = Client(make_transport(parse()))
        for status, text in ((200, "<html>"), (404, "<html>"), (500, "[1]"), (300, '{"error": 1}')):
            with self.subTest(status=status, text=text):
                mocked.get(f"{DEFAULT_ENDPOINT}/v1/policies", text=text, status_code=status)
                with self.assertRaises(RequestFailed) as caught:
                    client.get("policies")
                self.assertTrue(str(caught.exception))
