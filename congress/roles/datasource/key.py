"""One key for all nodes that share a database.

Imports the interfaces and the model only.

Invariants: a node that does not have the key whose fingerprint is stored does not
start; a key is made only where none was ever used.
"""

from dataclasses import replace

from congress.interfaces.secrets import SecretStore
from congress.interfaces.storage import Conflict, DatasourceRecord, StorageBackend, Transaction
from congress.model.diagnostic import refuse

FACT = "secret-key-fingerprint"


def agree(store: SecretStore, storage: StorageBackend) -> None:
    """Make the store ready, and see that it has the key in use.

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
    if known not in store.fingerprints():
        raise refuse(
            "secret-key",
            "the secrets in the database are sealed with another key than this node's "
            f"(fingerprint {known}, here {own})",
            hint="copy the key file from a node that works (see encryption_key_path), "
            "with its owner and permissions",
        )


def reseal(store: SecretStore, storage: StorageBackend) -> int:
    """Seal every secret anew, so that the key which seals is the only one needed.

    Nodes that have this key, alone or besides others, can start from then on. Gives
    the number of secrets.

    :raises Refused: code ``secret-key``: one cannot be opened; nothing is changed then.
    :raises StorageError: storage is away.
    """

    def work(tx: Transaction) -> int:
        records = [record for record in tx.datasources.list() if record.sealed]
        for record in records:
            tx.datasources.replace(_resealed(record, store))
        tx.facts.set(FACT, store.fingerprints()[0], tx.facts.get(FACT))
        return sum(len(record.sealed) for record in records)

    return storage.run(work)


def _resealed(record: DatasourceRecord, store: SecretStore) -> DatasourceRecord:
    """The same configuration; the drivers that run are opened anew with it."""
    anew = {name: store.seal(store.open(str(record.config[name]))) for name in record.sealed}
    config = {**record.config, **anew}
    return replace(record, config=config, generation=record.generation + 1)
