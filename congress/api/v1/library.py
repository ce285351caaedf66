"""The policy library: list, show, create, replace, change, delete, load."""

from typing import Any

import msgspec
from flask import Blueprint, Response

from congress.api import answers, etags, listing
from congress.api.access import guarded
from congress.api.backend import backend
from congress.api.requests import asked, attribution, read_body
from congress.model.diagnostic import refuse

bp = Blueprint("library", __name__, url_prefix="/v1/librarypolicies")

FIELDS = ("id", "name", "abbreviation", "description", "kind", "rules")


class LibraryRule(msgspec.Struct):
    """A rule of a library policy; it keeps the members it was given."""

    rule: str
    name: str | msgspec.UnsetType | None = msgspec.UNSET
    comment: str | msgspec.UnsetType | None = msgspec.UNSET


class LibraryChanges(msgspec.Struct):
    """The body of a change: what is left out stays as it is."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    abbreviation: str | msgspec.UnsetType = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    rules: list[LibraryRule] | msgspec.UnsetType = msgspec.UNSET


class NewLibraryPolicy(LibraryChanges, kw_only=True):
    """The body of a creation or replacement."""

    name: str
    rules: list[LibraryRule]


@bp.get("")
@guarded("library:list")
def list_library() -> Response:
    """All library policies."""
    found = [_shown(one) for one in backend().engine("library_list")]
    return listing.collection(found, FIELDS)


@bp.post("")
@guarded("library:create")
def create_library_policy() -> Response:
    """Add a policy to the library."""
    policy = msgspec.to_builtins(read_body(NewLibraryPolicy))
    made = backend().engine("library_create", policy=policy, **attribution())
    return answers.created(made, "librarypolicies")


@bp.post("/load")
@guarded("library:load")
def load_library() -> Response:
    """Load the files of the library anew; answers what that did."""
    return answers.item(backend().engine("library_load", **attribution()))


@bp.get("/<library>")
@guarded("library:show")
def show_library_policy(library: str) -> Response:
    """One library policy."""
    found = backend().engine("library_show", library=library)
    return etags.tagged(_shown(found), etags.etag_of(found))


@bp.put("/<library>")
@guarded("library:update")
def replace_library_policy(library: str) -> Response:
    """Put another policy in the place of one, which keeps its id."""
    policy = msgspec.to_builtins(read_body(NewLibraryPolicy))
    return etags.tagged(_write("library_replace", library, policy=policy))


@bp.patch("/<library>")
@guarded("library:update")
def change_library_policy(library: str) -> Response:
    """Change some members of a library policy."""
    changes = msgspec.to_builtins(read_body(LibraryChanges))
    if not changes:
        raise refuse("invalid", "the body changes nothing; give name, rules or another member")
    return etags.tagged(_write("library_update", library, changes=changes))


@bp.delete("/<library>")
@guarded("library:delete")
def delete_library_policy(library: str) -> Response:
    """Delete a library policy; answers what was deleted. Policies made of it stay."""
    return answers.item(_write("library_delete", library))


def _write(method: str, library: str, **args: Any) -> Any:
    """Have a method of the policy engine change it, if it is what the client saw."""
    seen = etags.seen(lambda: backend().engine("library_show", library=library))
    return backend().engine(method, library=library, **args, seen=seen, **attribution())


def _shown(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy, without its rules if ``include_rules=false``."""
    if (asked("include_rules") or "").lower() != "false":
        return policy
    return {name: value for name, value in policy.items() if name != "rules"}
