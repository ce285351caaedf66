"""The people of the identity service that ``script/services start keystone`` runs."""

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
