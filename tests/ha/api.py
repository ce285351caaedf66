"""What tests ask of the API, of one node or behind a load balancer."""

from typing import Any

import requests

from tests.functional.system import wait_until

#: Seconds until something that takes a few has failed. It is so long because everything
#: else may run on the same machine.
DEADLINE = 120.0


class Api:
    """The API at a URL. May be used by several threads."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(
        self, method: str, path: str, body: Any = None, timeout: float = 90.0, **headers: str
    ) -> requests.Response:
        """One request on a connection of its own; ``_`` in headers stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method, self.url + path, json=body, headers=named, timeout=timeout
            )

    def status(self, method: str, path: str, body: Any = None, **headers: str) -> int:
        """The status of an answer; 0 if there was none."""
        try:
            return self.ask(method, path, body, **headers).status_code
        except requests.ConnectionError:
            return 0

    def await_answer(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> requests.Response:
        """The first answer that is not a 503."""

        def attempt() -> list[requests.Response]:
            answer = self.ask(method, path, body, **headers)
            return [] if answer.status_code == 503 else [answer]

        return wait_until(attempt, f"{method} {path} is answered", DEADLINE)[0]

    def get(self, path: str, **headers: str) -> Any:
        """What a GET that succeeds tells."""
        answer = self.ask("GET", path, **headers)
        if not answer.ok:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    def create(self, path: str, **body: Any) -> Any:
        """Make something; tried again while a node that it takes is not found."""

        answer = self.await_answer("POST", path, body)
        if answer.status_code != 201:
            raise AssertionError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def create_source(self, name: str, driver: str, **config: Any) -> Any:
        """A data source."""
        return self.create("/v1/data-sources", name=name, driver=driver, config=config)

    def create_rule(self, policy: str, rule: str) -> Any:
        """A rule; tried again while the node has not heard of columns that it reads."""
        path = f"/v1/policies/{policy}/rules"

        def attempt() -> list[requests.Response]:
            answer = self.await_answer("POST", path, {"rule": rule})
            return [] if "waits for the columns" in answer.text else [answer]

        (answer,) = wait_until(attempt, f"{policy} takes {rule}", DEADLINE)
        if answer.status_code != 201:
            raise AssertionError(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def execute(self, source: str, action: str, *args: Any, **headers: str) -> requests.Response:
        """The answer to an action that a person asks for, when it is over."""
        body = {"name": action, "args": {"positional": list(args)}}
        path = f"/v1/data-sources/{source}?action=execute&wait=true"
        return self.ask("POST", path, body, **headers)

    def push(
        self, source: str, table: str, rows: list[Any], method: str = "PUT", **headers: str
    ) -> int:
        """The status of a push: of all rows of a table, or with POST of further ones."""
        path = f"/v1/data-sources/{source}/tables/{table}/rows"
        return self.status(method, path, rows, **headers)

    def await_push(self, source: str, table: str, rows: list[Any], method: str = "PUT") -> None:
        """Push until it is taken."""
        wait_until(
            lambda: self.push(source, table, rows, method) == 200,
            f"{source} takes {len(rows)} rows",
            DEADLINE,
        )

    def rows(self, owner: str, table: str) -> list[list[Any]] | None:
        """The rows of a policy's table, sorted; nothing if it cannot be read now."""
        answer = self.ask("GET", f"/v1/policies/{owner}/tables/{table}/rows")
        return sorted(row["data"] for row in answer.json()["results"]) if answer.ok else None

    def ledger(self, query: str = "") -> list[dict[str, Any]]:
        """Entries of the ledger, the newest first."""
        return list(self.get(f"/v1/ledger{query}")["results"])

    def source_detail(self, name: str) -> dict[str, Any]:
        """What a data source tells of itself; nothing while its node does not answer."""
        answer = self.ask("GET", f"/v1/data-sources/{name}/status")
        return dict(answer.json()["detail"]) if answer.ok else {}
