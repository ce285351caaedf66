"""The secret store ``passphrase``: sealed with a key that is derived from a passphrase.

It shows what a secret store needs: ``seal`` and ``open``, a fingerprint that tells
keys apart and gives nothing away, and refusals that say what to do.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.interfaces.secrets import SecretContext, SecretStore
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State

NONCE = 12
#: Equal on all nodes, because all of them must derive the same key.
SALT = b"congress-secrets-example"
LENGTH = 12


class PassphraseSecrets(SecretStore):
    """Seals with AES-GCM; the key comes from a file that people can write."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            "passphrase",
            "Seals secrets with a key derived from a passphrase.",
            (
                Option(
                    "file",
                    description="The file that holds the passphrase, the same on all nodes.",
                    required=True,
                    scope=Scope.NODE,
                ),
            ),
        )

    def __init__(self, config: dict[str, OptionValue], ctx: SecretContext | None = None) -> None:
        super().__init__(config, ctx)
        self._key = b""

    def prepare(self, *, create: bool) -> None:
        """Derive the key; with ``create``, from a passphrase made up if there is none."""
        path = Path(str(self.config["file"]))
        try:
            if create and not path.exists():
                make_passphrase(path)
            passphrase = path.read_text().strip()
        except OSError as error:
            raise _no_key(
                f"the passphrase cannot be read or written: {error.strerror}", path
            ) from error
        if len(passphrase) < LENGTH:
            raise _no_key(f"the passphrase is shorter than {LENGTH} characters", path)
        self._key = hashlib.scrypt(passphrase.encode(), salt=SALT, n=2**14, r=8, p=1, dklen=32)

    def health(self) -> Health:
        return Health() if self._key else Health(State.NOT_READY, "the passphrase is not read")

    def fingerprint(self) -> str:
        return hmac.digest(self._ready(), b"fingerprint", "sha256").hex()[:16]

    def seal(self, secret: str) -> str:
        nonce = os.urandom(NONCE)
        plain = secret.encode("utf-8", "surrogatepass")
        return base64.b64encode(nonce + AESGCM(self._ready()).encrypt(nonce, plain, None)).decode()

    def open(self, sealed: str) -> str:
        try:
            data = base64.b64decode(sealed, validate=True)
            plain = AESGCM(self._ready()).decrypt(data[:NONCE], data[NONCE:], None)
        except (InvalidTag, ValueError):
            raise refuse(
                "secret-key",
                "a stored secret was sealed with another passphrase",
                hint="use the passphrase of the other nodes",
            ) from None
        return plain.decode("utf-8", "surrogatepass")

    def _ready(self) -> bytes:
        if not self._key:
            raise refuse("secret-key", "the passphrase has not been read")
        return self._key


def make_passphrase(path: Path) -> None:
    """Write a passphrase nobody can guess, for the owner's eyes only.

    :raises OSError: if it cannot be written; nothing is written over.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(32) + "\n")


def _no_key(message: str, path: Path) -> Refused:
    return refuse(
        "secret-key", message, hint="write it to [secrets_passphrase] file", where=str(path)
    )
