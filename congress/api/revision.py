"""Read your own writes, whichever node answers.

May import ``congress.model`` and ``congress.interfaces``.

Answers about policy carry the revision of policy they are based on. A client that
sends it back is answered only when the node it reached has come that far.
"""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response

from congress.api.backend import backend
from congress.api.requests import app, this
from congress.interfaces.storage import StorageError
from congress.model.diagnostic import refuse

V = TypeVar("V", bound=Callable[..., Any])

HEADER = "X-Congress-Policy-Revision"
_ENVIRON_KEY = "HTTP_" + HEADER.upper().replace("-", "_")

#: Seconds a request waits for the revision it asks for.
PATIENCE = 10.0

_KEY = "congress.revision"
_ATTRIBUTE = "congress_revision"
_ABOUT = "/v1/policies"
_READS = ("GET", "HEAD")


def await_asked() -> None:
    """Wait for the revision asked for, and keep the one there is."""
    asked = this()
    if asked.endpoint is None or not asked.path.startswith(_ABOUT):
        return
    wanted = _wanted(asked.environ.get(_ENVIRON_KEY))
    if wanted and wanted > (newest := backend().revision()):
        raise refuse("invalid", f"the newest revision is {newest}, not {wanted}", where="header")
    if wanted or (asked.method in _READS and not _tells(asked.endpoint)):
        keep(backend().engine("wait_revision", revision=wanted, timeout=PATIENCE)["revision"])


def tells(view: V) -> V:
    """Mark a view that hands to ``keep`` the revision its answer came with."""
    setattr(view, _ATTRIBUTE, True)
    return view


def _tells(endpoint: str) -> bool:
    return getattr(app().view_functions[endpoint], _ATTRIBUTE, False)


def keep(revision: int) -> None:
    """Have the answer tell this revision."""
    this().environ[_KEY] = revision


def _wanted(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise refuse("invalid", f"{HEADER} must be a number, not {text!r:.40}", where="header")
    return int(text)


def tell(response: Response) -> None:
    """Tell the revision that an answer is based on, or that a write has led to."""
    asked = this()
    if not asked.path.startswith(_ABOUT) or response.status_code >= 400:
        return
    if asked.method not in _READS:
        # Whatever the request was for has been done, with a database that is away by now, too.
        with contextlib.suppress(StorageError):
            keep(backend().revision())
    if (revision := asked.environ.get(_KEY)) is not None:
        response.headers[HEADER] = str(revision)
