"""Signed requests: a webhook's sender signs the body instead of presenting a token.

Imports ``congress.model`` and ``congress.interfaces`` only, besides Flask.

Invariant: a request with a signature is judged by that alone, whatever else it
presents. The judge is the node that runs the data source, since nobody else knows the
secret; here nothing is decided.
"""

import re
from typing import Any

from flask import request

from congress.api.backend import backend
from congress.api.requests import read_body
from congress.model.diagnostic import refuse

SIGNATURE = "X-Congress-Signature"
TIMESTAMP = "X-Congress-Timestamp"

_ENVIRON_KEY = "HTTP_" + SIGNATURE.upper().replace("-", "_")
_WEBHOOK = re.compile(r"/v1/data-sources/[^/]+/webhook")
_FORM = re.compile(r"sha256=([0-9a-f]{64})")
_LONGEST_TIMESTAMP = 12


def is_signed(environ: dict[str, Any]) -> bool:
    """Whether a request for a tidy path brings a signature to where one counts."""
    return _ENVIRON_KEY in environ and bool(_WEBHOOK.fullmatch(environ["PATH_INFO"]))


def read_signed() -> dict[str, str]:
    """The body with its timestamp and signature, as the data source judges them.

    :raises Refused: the body is no JSON or too large, or the headers are malformed.
    """
    most = backend().max_webhook_bytes
    if len(request.get_data()) > most:
        raise refuse("too-large", f"a signed request may have {most} bytes at most")
    found = _FORM.fullmatch(request.headers.get(SIGNATURE, ""))
    timestamp = request.headers.get(TIMESTAMP, "")
    if not found or not 0 < len(timestamp) <= _LONGEST_TIMESTAMP:
        raise refuse(
            "unauthenticated",
            f"{SIGNATURE} or {TIMESTAMP} is malformed",
            hint=f"send {TIMESTAMP} in seconds since 1970, and {SIGNATURE}: sha256= with 64 "
            "small hexadecimal digits",
        )
    read_body(object)
    body = request.get_data().decode()
    return {"body": body, "timestamp": timestamp, "signature": found[1]}
