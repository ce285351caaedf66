"""What other nodes and the API can ask of the policy library, besides the policy engine.

Imports the interfaces and the model. Arguments come by name as JSON values, from
callers that may be wrong; answers are JSON values in the shapes of the API.

Methods run on the caller's thread; their work is done on the store loop.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from congress.interfaces.role import Method
from congress.interfaces.runtime import Loop
from congress.interfaces.storage import LibraryRecord
from congress.model.diagnostic import diagnostic_to_plain, refuse
from congress.roles.policy.library import Library
from congress.roles.policy.library_files import read_document
from congress.roles.policy.policies import Terms
from congress.roles.policy.requests import Origin
from congress.roles.policy.store_calls import call_store

T = TypeVar("T")


class LibraryService:
    """The methods of the library.

    :param timeout: seconds one may take.
    """

    def __init__(self, library: Library, store_loop: Loop, timeout: Callable[[], float]) -> None:
        self._library = library
        self._store_loop = store_loop
        self._timeout = timeout

    def methods(self) -> Mapping[str, Method]:
        """Everything that may be called, by name."""
        return {
            "library_list": self.library_list,
            "library_show": self.library_show,
            "library_create": self.library_create,
            "library_replace": self.library_replace,
            "library_update": self.library_update,
            "library_delete": self.library_delete,
            "library_load": self.library_load,
        }

    def library_list(self) -> list[dict[str, Any]]:
        """All library policies, by name."""
        return [library_to_plain(record) for record in self._call(self._library.list)]

    def library_show(self, library: Any) -> dict[str, Any]:
        """One of them."""
        return library_to_plain(self._call(lambda: self._library.get(library)))

    def library_create(self, policy: Any, actor: str = "", request_id: str = "") -> dict[str, Any]:
        """Add one; its rules are checked for their form only."""
        new, origin = read_document(policy), Origin(actor, request_id)
        return library_to_plain(self._call(lambda: self._library.create(new, origin)))

    def library_replace(
        self, library: Any, policy: Any, seen: Any = None, actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        """Put another one in its place, if it is still as it was ``seen``."""
        new = read_document(policy)
        return self._update(library, lambda old: new, Terms(Origin(actor, request_id), seen=seen))

    def library_update(
        self, library: Any, changes: Any, seen: Any = None, actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        """Change some of its members, if it is still as it was ``seen``."""
        if not isinstance(changes, Mapping):
            raise refuse("invalid", "changes must be an object", where="changes")

        def change(old: LibraryRecord) -> LibraryRecord:
            return read_document({**library_to_plain(old), **changes})

        return self._update(library, change, Terms(Origin(actor, request_id), seen=seen))

    def library_delete(
        self, library: Any, seen: Any = None, actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        """Delete one, if it is still as it was ``seen``; answers it."""
        terms = Terms(Origin(actor, request_id), seen=seen)

        def check(old: LibraryRecord) -> None:
            terms.check(library_to_plain(old))

        return library_to_plain(
            self._call(lambda: self._library.remove(library, check, terms.origin))
        )

    def library_load(self, actor: str = "", request_id: str = "") -> dict[str, Any]:
        """Load the files of this node; answers what that did."""
        done = self._call(lambda: self._library.load(Origin(actor, request_id)))
        return {
            "added": list(done.added),
            "changed": list(done.changed),
            "removed": list(done.removed),
            "kept": list(done.kept),
            "problems": [diagnostic_to_plain(problem) for problem in done.problems],
        }

    def _update(
        self, library: object, change: Callable[[LibraryRecord], LibraryRecord], terms: Terms
    ) -> dict[str, Any]:
        def checked(old: LibraryRecord) -> LibraryRecord:
            terms.check(library_to_plain(old))
            return change(old)

        return library_to_plain(
            self._call(lambda: self._library.update(library, checked, terms.origin))
        )

    def _call(self, work: Callable[[], T]) -> T:
        return call_store(self._store_loop, work, self._timeout())


def library_to_plain(record: LibraryRecord) -> dict[str, Any]:
    """A library policy as a JSON object; its rules have the keys they were given."""
    return {
        "id": record.id,
        "name": record.name,
        "abbreviation": record.abbreviation,
        "description": record.description,
        "kind": record.kind,
        "rules": [dict(rule) for rule in record.rules],
    }
