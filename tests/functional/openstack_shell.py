"""Runs commands of python-openstackclient in this process, one after the other.

Reads a JSON list of ``[arguments, awaited]`` from standard input and writes a JSON list of
``[exit code, standard output, standard error]``. Where something is awaited the command is
repeated until it succeeds with that in its output. One process for all of them,
because importing the client takes seconds. Folders named as arguments are looked into
for plugins after all others.
"""

import contextlib
import io
import json
import logging
import signal
import sys
import time
import warnings

#: Seconds for which a command is repeated, and between two times.
DEADLINE = 40.0
PAUSE = 0.05


def run(arguments: list[str]) -> tuple[int, str, str]:
    """One command, as ``openstack`` would run it."""
    from openstackclient.shell import OpenStackShell

    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers = list(root.handlers)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = OpenStackShell().run(arguments)
        except SystemExit as ending:
            code = int(ending.code or 0)
    root.handlers[:] = handlers
    return int(code or 0), out.getvalue(), err.getvalue()


def run_until(arguments: list[str], awaited: str | None) -> tuple[int, str, str]:
    """A command, repeated until it gives what is awaited; its last outcome."""
    deadline = time.monotonic() + DEADLINE
    while True:
        code, out, err = run(arguments)
        given = awaited is None or (code == 0 and awaited in out)
        if given or time.monotonic() > deadline:
            return code, out, err
        signal.sigtimedwait([], PAUSE)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.path.extend(sys.argv[1:])
    json.dump([run_until(*command) for command in json.load(sys.stdin)], sys.stdout)
