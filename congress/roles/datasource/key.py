"""One key for all nodes that share a database.

Imports the interfaces and the model only.

Invariant: a node whose key is another than the one whose fingerprint is stored
does not start; a key is made only where none was ever used.
"""

from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import Conflict, StorageBackend
from congress.model.diagnostic import refuse

FACT = "secret-key-fingerprint"


def agree(store: SecretStore, storage: StorageBackend) -> None:
    """Make the store ready, and see that its key is the one in use.

    :raises Refused: code ``secret-key``, with what to do.
    :raises StorageError: storage is away.
    """
    known = storage.read(lambda tx: tx.facts.get(FACT))
    store.prepare(create=known is None)
    own = store.fingerprint()
    if known is None:
        try:
            with storage.transaction(write=True) as tx:
                tx.facts.set(FACT, own, None)
            known = own
        except Conflict:
            known = storage.read(lambda tx: tx.facts.get(FACT))
    if known != own:
        raise refuse(
            "secret-key",
            "the secrets in the database are sealed with another key than this node's "
            f"(fingerprint {known}, here {own})",
            hint="copy the key file from a node that works (see encryption_key_path), "
            "with its owner and permissions",
        )
