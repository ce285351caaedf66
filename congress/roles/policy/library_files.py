"""The files of the policy library: what policies they offer.

Imports PyYAML, the form of policies and the model. Reads folders, writes nothing.

Invariant: whatever a file holds, it costs bounded memory, and what is wrong in one
keeps no other from being read.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from congress.interfaces.storage import LibraryRecord
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.roles.policy.requests import read_policy

SUFFIXES = (".yaml", ".yml")
MAX_FILE_BYTES = 1024 * 1024

#: The keys of a policy in a file, besides ``rules``, and of a rule.
_POLICY_KEYS = frozenset({"name", "kind", "abbreviation", "description"})
_RULE_KEYS = ("rule", "name", "comment")


@dataclass(frozen=True, slots=True)
class Shelf:
    """What some folders offer: policies by name, and what is wrong with the rest.

    The records have no id; ``digest`` is that of the policy's text in its file.
    """

    policies: Mapping[str, LibraryRecord] = field(default_factory=dict)
    problems: Sequence[Diagnostic] = ()


class _PlainLoader(yaml.SafeLoader):
    """Reads plain values. References could make a small file a huge value."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(problem="a reference (*name) is not allowed")
        return super().compose_node(parent, index)


def read_shelf(folders: Sequence[Path]) -> Shelf:
    """The policies in some folders and below; a later folder overrides an earlier one."""
    policies: dict[str, LibraryRecord] = {}
    problems: list[Diagnostic] = []
    for folder in folders:
        found: dict[str, LibraryRecord] = {}
        for path in _files(folder):
            for record in _policies_in(path, problems):
                if record.name in found:
                    message = f"the policy {record.name!r} is in this folder already"
                    problems.append(Diagnostic("duplicate-policy", message, where=str(path)))
                found.setdefault(record.name, record)
        policies |= found
    return Shelf(policies, problems)


def files_digest(folders: Sequence[Path]) -> str:
    """Another text if a file was added, removed or changed."""
    found = hashlib.sha256()
    for folder in folders:
        for path in _files(folder):
            try:
                content = hashlib.sha256(_read(path)).hexdigest()
            except (OSError, ValueError) as error:
                content = str(error)
            found.update(f"{path}\0{content}\0".encode())
    return found.hexdigest()


def _files(folder: Path) -> list[Path]:
    """The files of the library below a folder; none if there is no such folder."""
    found = (path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def _policies_in(path: Path, problems: list[Diagnostic]) -> Iterator[LibraryRecord]:
    """The policies of one file that are right."""
    for document in _documents(path, problems):
        try:
            yield read_document(document)
        except Refused as refusal:
            problems += [_in_file(diagnostic, path) for diagnostic in refusal.diagnostics]


def _in_file(diagnostic: Diagnostic, path: Path) -> Diagnostic:
    return replace(diagnostic, where=f"{path} {diagnostic.where}".rstrip())


def _documents(path: Path, problems: list[Diagnostic]) -> list[object]:
    try:
        found = list(yaml.load_all(_read(path).decode(), _PlainLoader))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        message = f"the file cannot be read: {error}"
        problems.append(Diagnostic("invalid", message, where=str(path)))
        return []
    return [document for document in found if document is not None]


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"it has more than {MAX_FILE_BYTES} bytes")
    return content


def read_document(document: object) -> LibraryRecord:
    """A library policy from what a file or a request says, without an id.

    Its rules keep the keys and texts they were given with. Keys that a policy does
    not have, as ``depends-on``, are left out.

    :raises Refused: with everything that is wrong.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("rules"), list):
        raise refuse("invalid", "a library policy is an object with name and rules")
    given = {key: document[key] for key in _POLICY_KEYS if document.get(key) is not None}
    policy = read_policy(**{"name": None, **given}, rules=document["rules"])
    rules = tuple(
        {key: rule[key] for key in _RULE_KEYS if key in rule} for rule in document["rules"]
    )
    record = LibraryRecord(
        id="",
        name=policy.name,
        kind=str(policy.kind),
        abbreviation=policy.abbreviation,
        description=policy.description,
        rules=rules,
    )
    return replace(record, digest=_digest(record))


def _digest(record: LibraryRecord) -> str:
    """Equal for equal policies, wherever they come from."""
    parts = [record.name, record.kind, record.abbreviation, record.description, record.rules]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
