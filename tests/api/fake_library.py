"""Stand-in for the policy library: library policies in a dictionary, checked by the real reader."""

import uuid
from dataclasses import asdict
from typing import Any

from congress.model.diagnostic import refuse
from congress.roles.policy.library_files import read_document


class FakeLibrary:
    """The library methods of a policy engine."""

    def __init__(self) -> None:
        self.library: dict[str, dict[str, Any]] = {}

    def library_list(self) -> list[dict[str, Any]]:
        return list(self.library.values())

    def library_show(self, library: str) -> dict[str, Any]:
        for found in self.library.values():
            if library in (found["id"], found["name"]):
                return found
        raise refuse("not-found", f"there is no policy {library!r} in the library")

    def library_create(
        self, policy: dict[str, Any], actor: str = "", request_id: str = ""
    ) -> dict[str, Any]:
        return self._put(str(uuid.uuid4()), policy)

    def library_replace(
        self, library: str, policy: dict[str, Any], seen: Any, actor: str, request_id: str
    ) -> dict[str, Any]:
        return self._put(self._seen(library, seen)["id"], policy)

    def library_update(
        self, library: str, changes: dict[str, Any], seen: Any, actor: str, request_id: str
    ) -> dict[str, Any]:
        old = self._seen(library, seen)
        return self._put(old["id"], {**old, **changes})

    def library_delete(self, library: str, seen: Any, actor: str, request_id: str) -> Any:
        return self.library.pop(self._seen(library, seen)["id"])

    def _seen(self, library: str, seen: Any) -> dict[str, Any]:
        found = self.library_show(library)
        if seen is not None and seen != found:
            raise refuse("changed", "it was changed")
        return found

    def library_load(self, actor: str = "", request_id: str = "") -> dict[str, Any]:
        empty: dict[str, list[str]] = {"changed": [], "removed": [], "kept": [], "problems": []}
        return {"added": ["HostChecks"], **empty}

    def _put(self, library_id: str, policy: dict[str, Any]) -> dict[str, Any]:
        record = asdict(read_document(policy))
        others = [one for one in self.library.values() if one["id"] != library_id]
        if record["name"] in [one["name"] for one in others]:
            raise refuse("duplicate-policy", f"{record['name']!r} is in the library already")
        order = ("id", "name", "abbreviation", "description", "kind", "rules")
        made = {name: record[name] for name in order}
        made |= {"id": library_id, "rules": list(record["rules"])}
        self.library[library_id] = made
        return made
