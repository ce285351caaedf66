"""Run checks and tests, and close with ``N passed, N failed``.

Called by ``script/test`` inside its environment. The numbers are taken from the
subunit stream of the very run: style and type checks are put into it as tests, an
unexpected success, a test that never ended and a worker that died count as failed,
and so does a run in which nothing ran.
"""

import argparse
import contextlib
import io
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import subunit
import testtools

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("unit", "property", "conformance", "api", "attack", "functional", "ocf", "ha")
SILENCE = 300
#: So much of a failure's text is shown again at the end.
LAST_LINES = 8
SERVICES = {
    "functional": ("keystone", "mariadb", "postgresql", "rabbitmq"),
    "ha": ("galera", "mariadb", "postgresql", "rabbitmq"),
}
CHECKS = {
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "imports": ["lint-imports", "--no-cache"],
    "types": ["mypy"],
    "shell": [
        *("bashate", "-i", "E006,E010,E011,E042,E043"),
        *(
            "script/test",
            "script/coverage",
            "script/demo",
            "script/services",
            "script/soak",
            *sorted(str(part) for part in ROOT.glob("script/services.d/*.sh")),
            "script/venv",
            "script/ocf/congress-datasource",
            ".ci/run",
        ),
    ],
    "prose": ["doc8", "--max-line-length", "100", "doc/source", "README.rst", "CONTRIBUTING.rst"],
}
DOCS = ["sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "doc/source", "doc/build/html"]


class Tally(testtools.StreamResult):
    """The last word on each test, and its traceback if it is a bad one."""

    def __init__(self) -> None:
        super().__init__()
        self.status_of: dict[str, str] = {}
        self.text_of: dict[str, bytearray] = {}

    def status(
        self,
        test_id=None,
        test_status=None,
        test_tags=None,
        runnable=True,
        file_name=None,
        file_bytes=None,
        eof=False,
        mime_type=None,
        route_code=None,
        timestamp=None,
    ) -> None:
        if test_id is None:
            # What is no subunit, such as stestr's report of a module it cannot import.
            sys.stdout.write(bytes(file_bytes or b"").decode(errors="replace"))
            return
        if file_bytes and not (mime_type or "").startswith("application/"):
            self.text_of.setdefault(test_id, bytearray()).extend(file_bytes)
        if test_status in (None, "exists"):
            return
        if self.status_of.get(test_id) in ("fail", "uxsuccess"):
            return
        self.status_of[test_id] = test_status
        if test_status in ("fail", "uxsuccess"):
            text = self.text_of.get(test_id, b"").decode(errors="replace")
            print(f"\nFAILED {test_id} ({test_status})\n{text}", flush=True)

    def count(self, *statuses: str) -> int:
        return sum(1 for status in self.status_of.values() if status in statuses)


def run_check(tally: Tally, name: str, command: list[str]) -> None:
    """Run one check and put its outcome into the stream as a test."""
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    stream = io.BytesIO()
    writer = subunit.StreamResultToBytes(stream)
    test_id = f"checks.{name}"
    writer.status(test_id=test_id, test_status="inprogress")
    if done.returncode:
        output = (done.stdout + done.stderr).encode()
        writer.status(
            test_id=test_id, file_name="output", file_bytes=output, mime_type="text/plain"
        )
    writer.status(test_id=test_id, test_status="fail" if done.returncode else "success")
    feed(tally, io.BytesIO(stream.getvalue()))
    word = "failed" if done.returncode else "ok"
    print(f"  {name}: {word} ({time.monotonic() - started:.0f} s)", flush=True)


def feed(tally: Tally, source: io.BufferedIOBase) -> None:
    """Read a subunit stream to its end."""
    subunit.ByteStreamToStreamResult(source, non_subunit_name="stdout").run(tally)


def selection(parts: list[str]) -> str:
    """The regular expression that stestr selects by."""
    folders = [part for part in parts if part in PARTS]
    if "unit" in folders:
        folders.append("meta")
    return rf"^tests\.({'|'.join(folders)})\."


def run_tests(tally: Tally, parts: list[str], filters: list[str]) -> int:
    """Run the selected tests, showing progress; return stestr's exit code."""
    command = [sys.executable, "-m", "stestr", "run", "--subunit", "--concurrency", workers()]
    command += filters or [selection(parts)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    progress = Progress(tally)
    threading.Thread(target=end_silence, args=(process, progress), daemon=True).start()
    try:
        with process.stdout:
            feed(testtools.CopyStreamResult([tally, progress]), process.stdout)
        return process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def end_silence(process: "subprocess.Popen[bytes]", progress: "Progress") -> None:
    """Kill a run in which no test begins or ends any more; what hung counts as failed."""
    while process.poll() is None:
        time.sleep(1)
        if time.monotonic() - progress.heard > SILENCE:
            print(f"no test began or ended for {SILENCE} s; ending the run", flush=True)
            os.killpg(process.pid, signal.SIGABRT)
            return


class Progress(testtools.StreamResult):
    """Shows how many tests have ended, every few seconds."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self.tally = tally
        self.shown = self.heard = time.monotonic()

    def status(self, *args: object, **kwargs: object) -> None:
        self.heard = time.monotonic()
        if time.monotonic() - self.shown > 5:
            self.shown = time.monotonic()
            ended = self.tally.count("success", "fail", "skip", "xfail", "uxsuccess")
            print(f"  {ended} tests ended, {self.tally.count('fail')} failed", flush=True)


def workers() -> str:
    """How many processes run tests."""
    return os.environ.get("CONGRESS_TEST_WORKERS") or str(max(2, os.cpu_count() or 2))


@contextlib.contextmanager
def services(parts: list[str]) -> Iterator[None]:
    """Install and start what the tests need; stop it afterwards."""
    if {"ocf", "ha"} & set(parts):
        subprocess.run(["script/services", "tools"], cwd=ROOT, check=True)
    needed = sorted({name for part in parts for name in SERVICES.get(part, ())})
    if not needed:
        yield
        return
    print("Starting " + " and ".join(needed) + " on loopback ...", flush=True)
    try:
        subprocess.run(["script/services", "start", *needed], cwd=ROOT, check=True)
        lines = subprocess.run(
            ["script/services", "env"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        for line in lines:
            name, _, value = line.removeprefix("export ").partition("=")
            os.environ[name] = value.strip("'\"")
        yield
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            command = ["script/services", "stop", *needed]
            subprocess.run(command, cwd=ROOT, check=False, timeout=SILENCE)


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="script/test", description="Run checks and tests.")
    parser.add_argument(
        "parts",
        nargs="*",
        default=["all"],
        help=f"any of {', '.join(PARTS)}, checks, docs, all; or regular expressions of test names",
    )
    names = parser.parse_args().parts
    known = {*PARTS, "docs", "checks", "all"}
    filters = [name for name in names if name not in known]
    parts = [*PARTS, "docs"] if "all" in names else [name for name in names if name in known]
    started = time.monotonic()
    tally = Tally()
    if "unit" in parts or "checks" in parts:
        print("Checks:", flush=True)
        for name, command in CHECKS.items():
            run_check(tally, name, command)
    if "docs" in parts:
        run_check(tally, "docs", DOCS)
    code = 0
    if filters or any(part in PARTS for part in parts):
        try:
            with services(parts):
                print("Tests:", flush=True)
                code = run_tests(tally, parts, filters)
        except subprocess.CalledProcessError as error:
            tally.status_of["services"] = "fail"
            tally.text_of["services"] = bytearray(f"{error}".encode())
    return close(tally, code, time.monotonic() - started)


def close(tally: Tally, code: int, seconds: float) -> int:
    """Print the closing lines; return the exit code.

    What failed is named once more, with the end of its text, since its place in a long
    log is far above.
    """
    for test_id, status in sorted(tally.status_of.items()):
        if status == "inprogress":
            print(f"never ended: {test_id}")
        if status in ("fail", "uxsuccess"):
            print(f"failed: {test_id}")
            text = tally.text_of.get(test_id, b"").decode(errors="replace")
            for line in text.strip().splitlines()[-LAST_LINES:]:
                print(f"    {line}")
    passed, skipped = tally.count("success", "xfail"), tally.count("skip")
    failed = len(tally.status_of) - passed - skipped
    if code and not failed:
        print(f"stestr ended with code {code} though no test failed")
        failed = 1
    if not tally.status_of:
        print("nothing ran")
        failed = 1
    print(f"{skipped} skipped, in {seconds:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
