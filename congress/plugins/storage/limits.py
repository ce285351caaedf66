"""What the built-in backends refuse to store, so that all of them refuse the same.

May import the standard library and ``congress.model``.

Invariant: whatever passes here fits the key columns of every supported database.
"""

import json
import re
from collections.abc import Mapping

from congress.model.diagnostic import refuse

#: Characters of a name or id: four bytes each and two of them in one index stay
#: under the 3072 bytes that InnoDB allows.
NAME = 255

#: Characters of a lease's resource, which is longer than the name it contains.
RESOURCE = 400

#: Seconds for which a pushed idempotency key is remembered.
PUSH_KEY_AGE = 86400.0


#: Characters that no name can contain and some databases cannot store.
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def checked_name(kind: str, name: str, length: int = NAME) -> str:
    """The name, if it can be a key.

    :raises Refused: ``invalid`` if it is empty or has control characters,
        ``too-large`` if it is too long.
    """
    if not name:
        raise refuse("invalid", f"the name of a {kind} must not be empty")
    if _UNFIT.search(name):
        raise refuse(
            "invalid",
            f"the name of a {kind} must not contain control characters",
            hint="use printable characters",
        )
    if len(name) > length:
        raise refuse(
            "too-large",
            f"the name of a {kind} may have {length} characters, this one has {len(name)}",
            hint="choose a shorter name",
        )
    return name


def json_text(value: object) -> str:
    """A JSON text in ASCII, which any database and any character set can hold.

    :raises TypeError, ValueError: if the value has no JSON form.
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def json_copy(value: object) -> object:
    """What a value becomes when it is written as JSON and read again."""
    return json.loads(json_text(value))


def json_object(value: Mapping[str, object]) -> dict[str, object]:
    """A mapping as it becomes when it is written as JSON and read again."""
    copied: dict[str, object] = json.loads(json_text(dict(value)))
    return copied
