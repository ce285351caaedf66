"""Read your own writes, whichever node answers.

May import ``congress.model`` and ``congress.interfaces``.

Answers about policy carry the revision of policy they are based on. A client that
sends it back is answered only when the node it reached has come that far.
"""

from flask import Flask, Response, g, request

from congress.api.backend import backend
from congress.model.diagnostic import refuse

HEADER = "X-Congress-Policy-Revision"

#: Seconds a request waits for the revision it asks for.
PATIENCE = 10.0

_ABOUT = "/v1/policies"
_READS = ("GET", "HEAD")


def install(app: Flask) -> None:
    """Let the application obey and send the header."""
    app.before_request(_await)
    app.after_request(_tell)


def _await() -> None:
    """Wait for the revision asked for, and keep the one there is."""
    if request.endpoint is None or not request.path.startswith(_ABOUT):
        return
    wanted = _wanted(request.headers.get(HEADER))
    if wanted and wanted > (newest := backend().revision()):
        raise refuse("invalid", f"the newest revision is {newest}, not {wanted}", where="header")
    if wanted or request.method in _READS:
        reached = backend().engine("wait_revision", revision=wanted, timeout=PATIENCE)
        g.revision = reached["revision"]


def _wanted(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise refuse("invalid", f"{HEADER} must be a number, not {text!r:.40}", where="header")
    return int(text)


def _tell(response: Response) -> Response:
    if request.path.startswith(_ABOUT) and response.status_code < 400:
        if request.method not in _READS:
            g.revision = backend().revision()
        if "revision" in g:
            response.headers[HEADER] = str(g.revision)
    return response
