"""The demo: a server on a private folder, this machine as its datasource, a live table.

Called by ``script/demo`` inside its environment. Uses nothing but the public API and
the policy file ``congress/library/host-checks.yaml``, so whatever it does a user can do.
"""

import argparse
import contextlib
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

import requests
import yaml
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLICY_FILE = ROOT / "congress/library/host-checks.yaml"
POLL_SECONDS = 2
PATIENCE = 60
LISTENER_SECONDS = 8
#: From where to where the port is sought: the system gives out none of these by itself, and
#: the tests take others.
PORTS = (10_000, 20_000)


class Server:
    """A congress-server of the demo's own, and its API."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = requests.Session()
        self.http.trust_env = False
        config = folder / "demo.conf"
        config.write_text(f"[DEFAULT]\nbind_port = {self.port}\nstate_path = {folder}\n")
        command = [sys.executable, str(pathlib.Path(sys.executable).parent / "congress-server")]
        command += ["--standalone", "--config-file", str(config), "--log-file", str(self.log)]
        # A session of its own: Ctrl-C is for the demo, which then ends the server itself.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ready(self) -> bool:
        """Whether requests can be served."""
        if self.process.poll() is not None:
            tail = "\n".join(self.log.read_text().splitlines()[-20:]) if self.log.exists() else ""
            raise SystemExit(f"the server ended with code {self.process.returncode}:\n{tail}")
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            return self.http.get(f"{self.url}/health/ready", timeout=5).ok
        return False

    def get(self, path: str) -> Any:
        """A GET's JSON."""
        return self.answer(self.http.get(self.url + path, timeout=30))

    def post(self, path: str, body: Any) -> Any:
        """A POST's JSON."""
        return self.answer(self.http.post(self.url + path, json=body, timeout=30))

    def answer(self, response: requests.Response) -> Any:
        if not response.ok:
            raise SystemExit(f"{response.request.method} {response.url}: {response.text}")
        return response.json()

    def rows(self, kind: str, name: str, table: str) -> list[list[Any]]:
        """The rows of a table of a policy or datasource."""
        found = self.get(f"/v1/{kind}/{name}/tables/{table}/rows")
        return [row["data"] for row in found["results"]]

    def stop(self) -> int:
        """End the server as an operator would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)


def free_port() -> int:
    """A port of loopback that nobody listens on now.

    It is none that the system gives out, which could be a connection's a moment later.
    """
    while True:
        port = random.randrange(*PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Listener:
    """Something that always happens: a port of loopback that opens and closes."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, name="demo-listener")

    def run(self) -> None:
        while not self.stopped.is_set():
            with socket.create_server(("127.0.0.1", 0)):
                self.stopped.wait(LISTENER_SECONDS)
            self.stopped.wait(LISTENER_SECONDS)

    def __enter__(self) -> "Listener":
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopped.set()
        self.thread.join()


def wait_for(what: str, condition: Any, console: Console) -> None:
    """Wait until something is so, and say what is waited for."""
    deadline = time.monotonic() + PATIENCE
    with console.status(f"{what} ..."):
        while not condition():
            if time.monotonic() > deadline:
                raise SystemExit(f"{what}: not within {PATIENCE} seconds")
            time.sleep(0.2)
    console.print(f"[green]✓[/] {what}")


def set_up(server: Server, console: Console) -> dict[str, Any]:
    """Create the datasources and the policy, as a user would."""
    wait_for("server is ready", server.ready, console)
    server.post(
        "/v1/data-sources",
        {"name": "host", "driver": "host", "config": {"poll_time": POLL_SECONDS}},
    )
    server.post("/v1/data-sources", {"name": "notify", "driver": "notify"})
    wait_for(
        "this machine has been read",
        lambda: server.rows("data-sources", "host", "listeners"),
        console,
    )
    policy: dict[str, Any] = yaml.safe_load(POLICY_FILE.read_text())
    known = {row[3] for row in server.rows("data-sources", "host", "listeners")}
    facts = [{"rule": f"expected_port({port})"} for port in sorted(known)]
    server.post("/v1/policies", {**policy, "rules": [*facts, *policy["rules"]]})
    return policy


def violations(server: Server, policy: str) -> list[list[Any]]:
    """The rows of the policy's table of violations."""
    return sorted(server.rows("policies", policy, "violation"), key=str)


def actions(server: Server) -> list[dict[str, Any]]:
    """The last entries of the ledger."""
    return list(server.get("/v1/ledger?limit=8")["results"])


def picture(
    server: Server, policy: str, since: float, rows: list[list[Any]], entries: list[dict[str, Any]]
) -> Group:
    """What is on the screen."""
    found = Table(title="Violations now", expand=True, title_justify="left")
    for title in ("check", "what", "detail"):
        found.add_column(title)
    for row in rows:
        found.add_row(*[str(cell) for cell in row])
    log = Table(title="Actions", expand=True, title_justify="left")
    for title in ("when", "action", "state"):
        log.add_column(title)
    for entry in entries:
        log.add_row(
            entry["updated_at"], f"{entry['action']}{tuple(entry['arguments'])}", entry["state"]
        )
    return Group(found, log, farewell(server, policy, since))


def farewell(server: Server, policy: str, since: float) -> Panel:
    """How to go on from here."""
    commands = (
        f"export PATH={pathlib.Path(sys.executable).parent}:$PATH\n"
        f"export CONGRESS_ENDPOINT={server.url}\n"
        f"congress policy row list {policy} violation\n"
        f"congress policy rule list {policy}\n"
        f"congress datasource table list host\n"
        f"congress ledger list"
    )
    title = f"{server.url}   running {time.monotonic() - since:.0f} s   Ctrl-C ends"
    return Panel(Text(commands), title=title, title_align="left")


def show_once(server: Server, policy: str, console: Console, started: float) -> None:
    """Print the first complete result."""
    rows: list[list[Any]] = []
    entries: list[dict[str, Any]] = []

    def complete() -> bool:
        rows[:], entries[:] = violations(server, policy), actions(server)
        return noticed(rows) and all_done(entries)

    wait_for("policies have been evaluated and acted on", complete, console)
    # What was seen then: the listener may be gone a moment later.
    console.print(picture(server, policy, started, rows, entries))


def noticed(rows: list[list[Any]]) -> bool:
    """Whether the demo's own listener has been found."""
    return any(row[0] == "unexpected listener" for row in rows)


def all_done(entries: list[dict[str, Any]]) -> bool:
    """Whether there are actions, and all of them have ended."""
    return bool(entries) and all(entry["state"] in ("done", "failed") for entry in entries)


def show_live(server: Server, policy: str, console: Console, started: float) -> None:
    """Show the result as it changes, until interrupted."""
    with Live(console=console, refresh_per_second=4, screen=console.is_terminal) as live:
        while True:
            rows, entries = violations(server, policy), actions(server)
            live.update(picture(server, policy, started, rows, entries))
            time.sleep(0.5)


@contextlib.contextmanager
def private_folder() -> Iterator[pathlib.Path]:
    """A folder that only this user can read, and that vanishes."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="congress-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="script/demo", description="Show Congress at work.")
    parser.add_argument("--once", action="store_true", help="print one result and end")
    once = parser.parse_args().once
    # Whoever started this may have had these ignored; here both end the demo.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    console = Console()
    started = time.monotonic()
    with private_folder() as folder:
        server = Server(folder)
        try:
            policy = set_up(server, console)
            with Listener():
                show = show_once if once else show_live
                show(server, policy["name"], console, started)
        except KeyboardInterrupt:
            console.print("Ending ...")
        finally:
            code = server.stop()
        console.print(f"The server ended with code {code}. Nothing is left behind.")
    return code


if __name__ == "__main__":
    sys.exit(main())
