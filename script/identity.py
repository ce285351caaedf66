"""The identity service of the tests: Keystone on loopback, with a few people in it.

Run by ``script/services`` with the Python of Keystone's own environment:
``identity.py FOLDER PORT``. Makes the database and the people the first time, writes
its process id to ``FOLDER/pid`` and serves. Everybody's password is ``congress``.
"""

import base64
import os
import pathlib
import secrets
import subprocess
import sys

PASSWORD = "congress"
DOMAIN = "default"

#: Who has which role where. The scope ``system`` is no project.
PEOPLE = (
    ("congress", "service", "service"),
    ("mo", "member", "demo"),
    ("pat", "reader", "demo"),
    ("ria", "reader", "system"),
)


def write_settings(folder: pathlib.Path) -> pathlib.Path:
    """The configuration, with keys; passwords are hashed as cheaply as can be."""
    keys = ("fernet", "receipts", "credential")
    for name in keys:
        repository = folder / name
        repository.mkdir(mode=0o700, exist_ok=True)
        for number in ("0", "1"):
            key = base64.urlsafe_b64encode(secrets.token_bytes(32))
            (repository / number).write_bytes(key)
    file = folder / "keystone.conf"
    file.write_text(
        f"[database]\nconnection = sqlite:///{folder}/keystone.db\n"
        f"[fernet_tokens]\nkey_repository = {folder}/fernet\n"
        f"[fernet_receipts]\nkey_repository = {folder}/receipts\n"
        f"[credential]\nkey_repository = {folder}/credential\n"
        "[identity]\npassword_hash_rounds = 4\n"
        "[cache]\nenabled = false\n"
    )
    return file


def make_database(file: pathlib.Path, port: int) -> None:
    """The tables, the administrator, the roles and the catalogue."""
    manage = str(pathlib.Path(sys.executable).with_name("keystone-manage"))
    url = f"http://127.0.0.1:{port}/v3"
    catalogue = ["--bootstrap-public-url", url, "--bootstrap-internal-url", url]
    for command in (
        ["db_sync"],
        ["bootstrap", "--bootstrap-password", PASSWORD, "--bootstrap-region-id", "one", *catalogue],
    ):
        subprocess.run([manage, "--config-file", str(file), *command], check=True)


class Administrator:
    """Asks the application itself, before it is served."""

    def __init__(self, application: object) -> None:
        from werkzeug.test import Client

        self._client = Client(application)
        domain = {"id": DOMAIN}
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": "admin", "domain": domain, "password": PASSWORD}},
                },
                "scope": {"project": {"name": "admin", "domain": domain}},
            }
        }
        response = self._client.post("/v3/auth/tokens", json=body)
        self._token = response.headers["X-Subject-Token"]

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """The answer to a request that must succeed."""
        response = self._client.open(
            path, method=method, json=body, headers={"X-Auth-Token": self._token}
        )
        if response.status_code >= 300:
            raise SystemExit(f"{method} {path}: {response.get_data(as_text=True)}")
        return response.get_json(silent=True) or {}

    def make(self, kind: str, **fields: object) -> str:
        """The id of a new thing."""
        made = self.ask("POST", f"/v3/{kind}s", {kind: {"domain_id": DOMAIN, **fields}})
        return str(made[kind]["id"])

    def settle(self) -> None:
        """Make the people with their roles."""
        roles = {role["name"]: role["id"] for role in self.ask("GET", "/v3/roles")["roles"]}
        projects = {name: self.make("project", name=name) for name in ("service", "demo")}
        for person, role, scope in PEOPLE:
            user = self.make("user", name=person, password=PASSWORD)
            where = "system" if scope == "system" else f"projects/{projects[scope]}"
            self.ask("PUT", f"/v3/{where}/users/{user}/roles/{roles[role]}")


def main() -> None:
    """Make what is missing, then serve until told to end."""
    folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    # Keystone reads the command line of the process that it finds itself in.
    sys.argv = ["keystone"]
    ready, file = folder / "ready", folder / "keystone.conf"
    made = ready.exists() and ready.read_text() == str(port)
    if not made:
        (folder / "keystone.db").unlink(missing_ok=True)
        make_database(write_settings(folder), port)
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(file)
    from keystone.wsgi.api import application
    from waitress import serve

    if not made:
        Administrator(application).settle()
        ready.write_text(str(port))
    (folder / "pid").write_text(str(os.getpid()))
    serve(application, host="127.0.0.1", port=port, threads=4)


if __name__ == "__main__":
    main()
