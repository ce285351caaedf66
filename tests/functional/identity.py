"""The people of the identity service that ``script/services start keystone`` runs."""

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from typing import Any

import requests

VARIABLE = "CONGRESS_TEST_KEYSTONE_URL"
PASSWORD = "congress"

_DEFAULT = {"id": "default"}


def settings(url: str) -> str:
    """The configuration of a Congress that asks the identity service."""
    return f"""auth_strategy = keystone
bind_host = 127.0.0.1
[keystone_authtoken]
www_authenticate_uri = {url}
auth_type = password
auth_url = {url}
username = congress
password = {PASSWORD}
project_name = service
user_domain_name = Default
project_domain_name = Default
"""


def token(url: str, person: str, scope: str) -> str:
    """A token for somebody: in the scope ``system``, of ``domain``, or of a project."""
    scopes: dict[str, Any] = {"system": {"system": {"all": True}}, "domain": {"domain": _DEFAULT}}
    user = {"name": person, "domain": _DEFAULT, "password": PASSWORD}
    identity = {"methods": ["password"], "password": {"user": user}}
    wanted = scopes.get(scope, {"project": {"name": scope, "domain": _DEFAULT}})
    with requests.Session() as http:
        http.trust_env = False
        response = http.post(
            f"{url}/auth/tokens", json={"auth": {"identity": identity, "scope": wanted}}, timeout=60
        )
    response.raise_for_status()
    return str(response.headers["X-Subject-Token"])


def access(url: str, person: str, project: str) -> list[str]:
    """The options of a client that asks for such a token."""
    return [
        *("--os-auth-url", url, "--os-username", person, "--os-password", PASSWORD),
        *("--os-project-name", project, "--os-user-domain-id", _DEFAULT["id"]),
        *("--os-project-domain-id", _DEFAULT["id"], "--os-identity-api-version", "3"),
    ]


@contextlib.contextmanager
def offered(url: str, place: str) -> Iterator[None]:
    """For a while, the catalogue has one policy service, at a place.

    Another process of tests that wants the same waits for its turn.
    """
    headers = {"X-Auth-Token": token(url, "admin", "admin")}
    with requests.Session() as http, _turn(url):
        http.trust_env = False
        service = {"type": "policy", "name": "congress"}
        made = http.post(f"{url}/services", json={"service": service}, headers=headers, timeout=60)
        made.raise_for_status()
        number = made.json()["service"]["id"]
        endpoint = {"service_id": number, "interface": "public", "url": place, "region_id": "one"}
        try:
            http.post(
                f"{url}/endpoints", json={"endpoint": endpoint}, headers=headers, timeout=60
            ).raise_for_status()
            yield
        finally:
            http.delete(f"{url}/services/{number}", headers=headers, timeout=60)


@contextlib.contextmanager
def _turn(url: str) -> Iterator[None]:
    """Be the only process that changes the catalogue of an identity service."""
    name = re.sub(r"\W+", "-", url)
    with open(os.path.join(tempfile.gettempdir(), f"congress-catalogue-{name}"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
