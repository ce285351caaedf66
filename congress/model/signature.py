"""Signatures of webhooks: how they are made, and what is told of wrong ones.

Imports the standard library only.

Invariant: somebody who does not know a secret is told the same whatever is wrong, so
that he learns neither which datasources there are nor which of them have a secret.
"""

import hashlib
import hmac

from congress.model.diagnostic import Refused, refuse

#: The option of a driver that holds the secret.
SECRET_OPTION = "webhook_secret"  # noqa: S105 - a name


def signature_of(secret: str, timestamp: str, body: str) -> str:
    """HMAC-SHA256 of the timestamp, a full stop and the body, in hexadecimal digits."""
    message = f"{timestamp}.{body}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode("utf-8", "surrogatepass"), message, hashlib.sha256).hexdigest()


def not_genuine() -> Refused:
    """The one refusal for all that does not prove that it knows a secret."""
    return refuse(
        "unauthenticated",
        "the signature is not valid",
        hint=f"it is the HMAC-SHA256, with the data source's {SECRET_OPTION}, of the timestamp, "
        "a full stop and the body",
    )
