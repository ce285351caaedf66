"""What a request says: its body, its query, and who sent it.

Imports ``congress.model`` and ``congress.interfaces`` only, besides Flask.

Invariant: whatever a client sends, these functions either give values of the
expected types or raise ``Refused``.
"""

import threading
from collections.abc import Collection, Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs

import msgspec
from flask import Flask, Request, current_app, request

from congress.api.errors import Answer, RouteRefused
from congress.interfaces.auth import CALLER_KEY, Caller
from congress.model.diagnostic import Diagnostic, Refused, refuse

T = TypeVar("T")

#: Where the id of a request is kept in its environment.
REQUEST_ID = "openstack.request_id"

_ATTRIBUTED = "congress.attributed"
_QUERY = "congress.query"
_UTF8 = ("utf-8", "utf8")

_PREPARING = threading.Lock()


def this() -> Request:
    """The request that is handled. Flask's ``request`` stands for it, and every look through
    that takes longer than this."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]


def app() -> Flask:
    """The application that handles it; as ``this``."""
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def read_body(form: type[T], default: T | None = None) -> T:
    """The JSON body, decoded into a type that msgspec knows.

    :param default: what an empty body means; ``None`` refuses it.
    """
    raw = this().get_data(cache=False)
    if not raw.strip():
        if default is None:
            raise refuse("invalid", "the request needs a JSON body")
        return default
    _check_media_type()
    try:
        body: T = _decoder(cast(Hashable, form)).decode(raw)
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise refuse("invalid", f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise refuse("invalid", "the body is nested too deeply") from error
    if rb"\u0000" in raw and _has_nul(body):
        raise refuse("invalid", "the body holds a NUL character")
    return body


def given(body: msgspec.Struct) -> dict[str, Any]:
    """What a body has, without the fields that it leaves out."""
    fields = msgspec.structs.asdict(body)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def read_changes(form: type[msgspec.Struct]) -> dict[str, Any]:
    """What a body is to change.

    :raises Refused: it is of the wrong form, or changes nothing.
    """
    changes = given(read_body(form))
    if not changes:
        raise refuse("invalid", "the body changes nothing", hint="give what is to be changed")
    return changes


def _decoder(form: Hashable) -> msgspec.json.Decoder[Any]:
    """What reads a form. msgspec prepares a type when it is first used, and the process
    crashes if two threads do that at once."""
    with _PREPARING:
        return _prepared(form)


@cache
def _prepared(form: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(form)


def _misfit(error: msgspec.ValidationError) -> Refused:
    """The refusal for a body of the wrong form; msgspec's message ends in the place."""
    message, _, place = str(error).partition(" - at ")
    return refuse("invalid", message.replace("`", ""), where=place.strip("`"))


def _check_media_type() -> None:
    if not request.mimetype:
        return
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in _UTF8:
        raise RouteRefused(
            Answer.plain(415),
            Diagnostic(
                "invalid",
                f"the body is declared as {request.content_type}",
                hint="send JSON in UTF-8 with Content-Type: application/json",
            ),
        )


def _has_nul(value: object) -> bool:
    """Whether a NUL, which databases cannot store, is in any text of a value."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_has_nul(item) for item in value)
    if isinstance(value, msgspec.Struct):
        return any(_has_nul(getattr(value, name)) for name in value.__struct_fields__)
    return False


def query() -> Mapping[str, list[str]]:
    """The parameters of the query with all that is given for each. Read once, and without
    the collections of Flask, which take as long to make as all the rest of a list."""
    environ = this().environ
    found: Mapping[str, list[str]] | None = environ.get(_QUERY)
    if found is None:
        text = environ["QUERY_STRING"]
        if not text.isascii():
            text = text.encode("latin-1").decode(errors="replace")
        found = environ[_QUERY] = parse_qs(text, keep_blank_values=True)
    return found


def asked(name: str) -> str | None:
    """A parameter of the query, if it is given; the first, if it is several times."""
    found = query().get(name)
    return found[0] if found else None


def read_flag(name: str, *, digits: bool = False, default: bool = False) -> bool:
    """A boolean of the query; ``digits`` lets ``1`` mean true as well."""
    text = asked(name)
    if text is None:
        return default
    return text.lower() == "true" or (digits and text == "1")


def read_number(name: str) -> int | None:
    """A number from 1 of the query, if it is given."""
    text = asked(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise refuse("invalid", f"{name} must be a number from 1, not {text!r}", where=name)
    return int(text)


def asked_action(known: Collection[str]) -> str:
    """What ``action`` of the query says; hyphens and underscores are the same.

    :param known: with the empty text in it, saying nothing is well, too.
    :raises Refused: it says nothing, or nothing that is known.
    """
    asked = query().get("action") or ([""] if "" in known else [])
    valid = " or ".join(f"action={name}" for name in known if name)
    if len(asked) != 1:
        raise refuse("invalid", f"one action is needed: {valid}", where="action")
    name = asked[0].replace("_", "-")
    if name not in known:
        raise refuse(
            "invalid", f"there is no action {asked[0]!r}; there is {valid}", where="action"
        )
    return name


def caller() -> Caller:
    """Who sent the request, as the authentication strategy found out."""
    found = this().environ.get(CALLER_KEY)
    if not isinstance(found, Caller):
        raise refuse("unauthenticated", "the request was not authenticated")
    return found


def attribution() -> dict[str, str]:
    """The arguments that tell a role who asked, which records it with the write."""
    this().environ[_ATTRIBUTED] = True
    return {"actor": caller().name, "request_id": request_id()}


def attributed() -> bool:
    """Whether a role was told who asked."""
    return _ATTRIBUTED in this().environ


def request_id() -> str:
    """The number of the request."""
    return str(this().environ.get(REQUEST_ID, ""))
