"""Signed webhooks: notifications whose sender proves that he knows the datasource's secret.

Imports the interfaces and the model only. Any thread.

Invariants: a signed notification is taken once, on whichever node and after whatever
restart; somebody without the secret is told nothing but that the signature is wrong,
whether the datasource has a secret or not.
"""

import hmac
from dataclasses import dataclass

import msgspec

from congress.interfaces.runtime import Clock
from congress.interfaces.storage import Fenced, StorageBackend, StorageError
from congress.model.diagnostic import refuse
from congress.model.signature import not_genuine, signature_of
from congress.roles.datasource.leases import Tenure
from congress.roles.datasource.settings import Settings

#: What tells these apart from the idempotency keys of pushes.
_KEY = "signature/"


@dataclass(frozen=True, slots=True)
class Signed:
    """What came: the body, the Unix time at which it was signed, and hexadecimal digits."""

    body: str
    timestamp: str
    signature: str


class Signatures:
    """Judges the signed notifications of one datasource.

    :param secret: the datasource's; empty lets nobody pass.
    """

    def __init__(
        self,
        secret: str,
        datasource_id: str,
        storage: StorageBackend,
        tenure: Tenure,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._secret = secret
        self._id = datasource_id
        self._storage = storage
        self._tenure = tenure
        self._clock = clock
        self._settings = settings

    def open(self, signed: Signed) -> object:
        """The payload of a notification that may be taken, and was not before.

        :raises Refused: ``unauthenticated``, ``duplicate``, ``invalid``, ``unavailable``.
        """
        if not self._genuine(signed):
            raise not_genuine()
        age = self._clock.time() - _seconds(signed.timestamp)
        window = self._settings.webhook_window
        if not abs(age) <= window:
            raise refuse(
                "unauthenticated",
                f"it was signed {age:.0f} seconds ago; at most {window:.0f} are allowed",
                hint="sign each notification when it is sent, and let a time service "
                "keep the clocks",
            )
        self._note(signed.signature)
        try:
            return msgspec.json.decode(signed.body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise refuse("invalid", f"the body is not JSON: {error}") from None

    def _genuine(self, signed: Signed) -> bool:
        """Whether the secret made the signature; takes the same time for all that did not."""
        made = signature_of(self._secret, signed.timestamp, signed.body)
        given = signed.signature.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(made.encode(), given) and bool(self._secret)

    def _note(self, signature: str) -> None:
        """Remember a signature, which is never taken again."""
        try:
            known = self._storage.run(
                lambda tx: tx.pushed.seen(self._id, _KEY + signature), fence=self._tenure.fence
            )
        except Fenced:
            hint = "try again in a few seconds"
            raise refuse("unavailable", "another node takes over", hint=hint) from None
        except KeyError:
            raise not_genuine() from None
        except StorageError as error:
            message = f"storage cannot be used now: {error}"
            raise refuse("unavailable", message, hint="try again later") from None
        if known:
            raise refuse(
                "duplicate",
                "this notification was received before",
                hint="to send it once more, sign it anew",
            )


def _seconds(timestamp: str) -> float:
    """A Unix time; one that cannot be meant is long ago."""
    return float(timestamp) if timestamp.isascii() and timestamp.isdigit() else 0.0
