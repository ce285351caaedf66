"""Secret stores: they seal what must not be read from the database.

May import the standard library and ``congress.model`` only. Namespace
``congress.secrets``.

``seal`` and ``open`` are inverse to each other as long as the key is the same.
The fingerprint is kept in the database; a node that has no such key must say so and
stop, instead of failing at the first secret.
"""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from congress.interfaces.plugin import OptionValue, Plugin


@dataclass(frozen=True, slots=True)
class SecretContext:
    """What a store gets besides its configuration.

    ``conf`` is the node's whole configuration object; ``[DEFAULT] encryption_key_path``
    is in it.
    """

    conf: object = None


class SecretStore(Plugin):
    """A secret store. All methods may be called from any thread."""

    interface_version: ClassVar[str] = "1.0"

    def __init__(self, config: dict[str, OptionValue], ctx: SecretContext | None = None) -> None:
        self.config = config
        self.ctx = ctx or SecretContext()

    @abc.abstractmethod
    def prepare(self, *, create: bool) -> None:
        """Read the key; with ``create``, make one if there is none.

        :raises Refused: code ``secret-key``, with what to do.
        """

    @abc.abstractmethod
    def fingerprint(self) -> str:
        """A text that tells keys apart and gives nothing away."""

    def fingerprints(self) -> Sequence[str]:
        """Those of all keys that it opens with, that of the one it seals with first."""
        return (self.fingerprint(),)

    @abc.abstractmethod
    def seal(self, secret: str) -> str:
        """The sealed form, printable ASCII."""

    @abc.abstractmethod
    def open(self, sealed: str) -> str:
        """The secret.

        :raises Refused: code ``secret-key`` if another key sealed it.
        """
