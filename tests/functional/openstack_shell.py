"""Runs commands of python-openstackclient in this process, one after the other.

Reads a JSON list of argument lists from standard input and writes a JSON list of
``[exit code, standard output, standard error]``. One process for all of them,
because importing the client takes seconds. Folders named as arguments are looked into
for plugins after all others.
"""

import contextlib
import io
import json
import logging
import sys
import warnings


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


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.path.extend(sys.argv[1:])
    json.dump([run(arguments) for arguments in json.load(sys.stdin)], sys.stdout)
