"""The secret store ``fernet``: secrets sealed with a key from a file.

May import ``congress.interfaces``, ``congress.model`` and cryptography.

The file ``aes_key`` holds one Fernet key to a line. The first seals; all of them
open, so a key is rotated by putting a new one above the old. The fingerprint is
that of the last line, the oldest key: it stays while keys are added above it.

Invariants: a key that others than its owner can read is not used; a key file is
never written over; no message contains a key or a secret.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.interfaces.secrets import SecretContext, SecretStore
from congress.model.diagnostic import Refused, refuse
from congress.model.status import Health, State

KEY_FILE = "aes_key"

_COPY = "copy the key file from a node with the datasources role, or set encryption_key_path"


class FernetSecrets(SecretStore):
    """Seals with AES in CBC mode and HMAC-SHA256, as Fernet specifies."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="fernet",
            summary="Seals secrets with a key from a file on each node that needs them.",
            options=(
                Option(
                    "key_path",
                    description="Folder of the key file aes_key; by default [DEFAULT] "
                    "encryption_key_path.",
                    scope=Scope.NODE,
                ),
            ),
            features={"rotation": True},
        )

    def __init__(self, config: dict[str, OptionValue], ctx: SecretContext | None = None) -> None:
        super().__init__(config, ctx)
        self._keys: MultiFernet | None = None
        self._fingerprints: tuple[str, ...] = ()

    def health(self) -> Health:
        if self._keys is None:
            return Health(State.NOT_READY, "the key has not been read")
        return Health()

    def prepare(self, *, create: bool) -> None:
        path = self._path()
        if create and not path.exists():
            _create(path)
        lines = _read(path)
        try:
            self._keys = MultiFernet([Fernet(line) for line in lines])
        except ValueError:
            raise refuse(
                "secret-key",
                "the key file is malformed: each line must be 32 bytes in URL-safe base64",
                hint="put the original key file back; without it sealed secrets are lost",
                where=str(path),
            ) from None
        self._fingerprints = tuple(map(_fingerprint, lines))

    def fingerprint(self) -> str:
        return self.fingerprints()[0]

    def fingerprints(self) -> Sequence[str]:
        self._ready()
        return self._fingerprints

    def seal(self, secret: str) -> str:
        return self._ready().encrypt(secret.encode("utf-8", "surrogatepass")).decode("ascii")

    def open(self, sealed: str) -> str:
        try:
            secret = self._ready().decrypt(sealed.encode("utf-8", "surrogatepass"))
        except InvalidToken:
            raise refuse(
                "secret-key", "a stored secret was sealed with another key", hint=_COPY
            ) from None
        return secret.decode("utf-8", "surrogatepass")

    def _ready(self) -> MultiFernet:
        """:raises Refused: if there is no key (yet)."""
        if self._keys is None:
            raise refuse("secret-key", "the key that seals secrets has not been read", hint=_COPY)
        return self._keys

    def _path(self) -> Path:
        """Where the key file is or will be.

        :raises Refused: if no folder is configured."""
        folder = self.config.get("key_path") or getattr(self.ctx.conf, "encryption_key_path", None)
        if not folder:
            raise refuse("secret-key", "no folder for the key is set", hint=_COPY)
        return Path(str(folder)) / KEY_FILE


def _fingerprint(line: bytes) -> str:
    return hashlib.sha256(b"congress secret key:" + line).hexdigest()[:16]


def _create(path: Path) -> None:
    """Make a key, unless somebody else makes one meanwhile.

    :raises Refused: if it cannot be written."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".aes_key-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(name, path)
        except FileExistsError:
            return
        finally:
            Path(name).unlink()
    except OSError as error:
        raise refuse(
            "secret-key",
            f"a key file cannot be made: {error.strerror}",
            hint="let the service's user own the folder, or set encryption_key_path",
            where=str(path),
        ) from error


def _read(path: Path) -> list[bytes]:
    """The keys of a file that nobody else can read.

    :raises Refused: if it is missing, unreadable, empty or open to others."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            lines = [line.strip() for line in file if line.strip()]
        folder_mode = stat.S_IMODE(path.parent.stat().st_mode)
    except FileNotFoundError:
        raise refuse("secret-key", "there is no key file", hint=_COPY, where=str(path)) from None
    except OSError as error:
        raise refuse(
            "secret-key",
            f"the key file cannot be read: {error.strerror}",
            hint="let the service's user own it",
            where=str(path),
        ) from error
    if mode & 0o077:
        raise _too_open(path, mode, "0600")
    if folder_mode & 0o022:
        raise _too_open(path.parent, folder_mode, "0700")
    if not lines:
        raise refuse("secret-key", "the key file is empty", hint=_COPY, where=str(path))
    return lines


def _too_open(path: Path, mode: int, wanted: str) -> Refused:
    return refuse(
        "secret-key",
        f"the key is open to other users (mode {mode:04o})",
        hint=f"chmod {wanted} {path}; if others may have read the key, replace it",
        where=str(path),
    )
