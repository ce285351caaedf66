"""What nodes say to each other: the messages and their bytes.

May import the standard library, msgspec, ``congress.model`` and this package.

The bytes are JSON text: an envelope with the version of this protocol, and one
message. Fields may be added within a version, with defaults; receivers ignore
those they do not know. A message of a version that this node does not speak is not
decoded, but heartbeats and goodbyes are: nodes tell with them what they speak, so their
form is the same in all versions.
"""

import json
from typing import Any

import msgspec
from msgspec import Struct

from congress.bus.versions import SPOKEN, Versions
from congress.model.values import Boolean

#: An epoch as (number, instance).
WireEpoch = tuple[int, str]
#: Coverage as (as_of, complete, stale).
WireCoverage = tuple[float, bool, bool]
WireRows = list[list[Any]]


class Heartbeat(Struct, frozen=True, tag="heartbeat", tag_field="kind"):
    """A node is alive; broadcast on the control channel.

    ``number`` counts the heartbeats of an instance. ``services`` maps names to
    (state, message, since), ``sources`` to (epoch number, epoch instance, seq).
    ``wants`` maps sources to tables; it is left out (null) in most heartbeats.
    ``hello`` asks everybody for a heartbeat at once. ``speaks`` are the oldest and the
    newest version of this protocol that the node knows.
    """

    instance: str
    started: float
    number: int
    services: dict[str, tuple[str, str, float]] = {}
    sources: dict[str, tuple[int, str, int]] = {}
    wants: dict[str, list[str]] | None = None
    wants_version: int = 0
    info: dict[str, Any] = {}
    hello: bool = False
    speaks: tuple[int, int] = (1, 1)


class Goodbye(Struct, frozen=True, tag="goodbye", tag_field="kind"):
    """A node leaves; broadcast on the control channel."""

    instance: str


class Notice(Struct, frozen=True, tag="notice", tag_field="kind"):
    """Something small; broadcast on the control channel."""

    topic: str
    payload: dict[str, Any]


class WireTable(Struct, frozen=True, omit_defaults=True):
    """What a publication says of one table. ``how`` is a ``publication.Kind``;
    ``digest`` and ``count`` are those of the table afterwards."""

    name: str
    how: str
    added: WireRows = []
    removed: WireRows = []
    count: int = 0
    digest: int | None = None
    coverage: WireCoverage | None = None


class WirePublication(Struct, frozen=True, tag="publication", tag_field="kind"):
    """One publication of a source."""

    source: str
    epoch: WireEpoch
    seq: int
    tables: list[WireTable]


class SyncRequest(Struct, frozen=True, tag="sync", tag_field="kind"):
    """A subscriber asks for tables as they are now.

    ``have`` maps tables to the (count, digest) it has from the same ``epoch``;
    equal tables are not sent. With ``check`` no rows are sent at all. ``wants``
    are all tables of the source that the asking node wants.
    """

    source: str
    token: str
    instance: str
    tables: list[str]
    wants: list[str]
    wants_version: int
    epoch: WireEpoch | None = None
    have: dict[str, tuple[int, int]] = {}
    check: bool = False


class SyncTable(Struct, frozen=True, omit_defaults=True):
    """What an answer says of one table. ``how`` is a ``sync.Standing``."""

    name: str
    how: str
    count: int = 0
    digest: int | None = None
    coverage: WireCoverage | None = None


class SyncPart(Struct, frozen=True, tag="part", tag_field="kind"):
    """A piece of the answer: rows from ``offset`` on; ``following`` is where the next
    piece begins, null in the last."""

    source: str
    token: str
    epoch: WireEpoch
    seq: int
    tables: list[SyncTable]
    rows: dict[str, WireRows] = {}
    offset: int = 0
    following: int | None = None


class SyncMore(Struct, frozen=True, tag="more", tag_field="kind"):
    """A subscriber asks for the piece that begins at ``offset``."""

    source: str
    token: str
    offset: int


class SyncRefused(Struct, frozen=True, tag="nosync", tag_field="kind"):
    """This node does not publish the source, or forgot the answer under way."""

    source: str
    token: str


class Request(Struct, frozen=True, tag="request", tag_field="kind"):
    """A remote call."""

    service: str
    method: str
    args: dict[str, Any] = {}


class Result(Struct, frozen=True, tag="result", tag_field="kind"):
    """The answer to a call."""

    value: Any = None


class Refusal(Struct, frozen=True, tag="refusal", tag_field="kind"):
    """The answer to a call that was refused."""

    diagnostics: list[dict[str, Any]]


Message = (
    Heartbeat
    | Goodbye
    | Notice
    | WirePublication
    | SyncRequest
    | SyncPart
    | SyncMore
    | SyncRefused
    | Request
    | Result
    | Refusal
)


class _Envelope(Struct, frozen=True):
    v: int
    m: msgspec.Raw


class ForeignVersion(Exception):  # noqa: N818 - named for what arrived
    """A message of another protocol version."""


def _as_plain(value: object) -> object:
    if isinstance(value, Boolean):
        return value.truth
    raise TypeError(f"a {type(value).__name__} has no JSON form")


_encoder = msgspec.json.Encoder(enc_hook=_as_plain)
_envelopes = msgspec.json.Decoder(_Envelope)
_messages: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)
_lasting: msgspec.json.Decoder[Heartbeat | Goodbye] = msgspec.json.Decoder(Heartbeat | Goodbye)


def encode(message: Message, version: int = SPOKEN.newest) -> bytes:
    """The bytes of a message, in a version of the protocol.

    :raises TypeError: it holds something that has no JSON form.
    """
    try:
        body = _encoder.encode(message)
    except UnicodeEncodeError:
        # A lone surrogate: a string that a table can hold, but UTF-8 cannot.
        plain = msgspec.to_builtins(message, enc_hook=_as_plain)
        body = json.dumps(plain, separators=(",", ":"), allow_nan=False).encode("ascii")
    return b'{"v":%d,"m":%b}' % (version, body)


def decode(payload: bytes, spoken: Versions = SPOKEN) -> Message:
    """The message that the bytes say; see ``read``."""
    return read(payload, spoken)[1]


def read(payload: bytes, spoken: Versions = SPOKEN) -> tuple[int, Message]:
    """The message that the bytes say, and the version it is in.

    :raises ForeignVersion: a version that is not spoken.
    :raises ValueError: no message at all.
    """
    try:
        envelope = _envelopes.decode(payload)
        if envelope.v in spoken:
            return envelope.v, _messages.decode(envelope.m)
    except msgspec.DecodeError:
        return _decode_surrogates(payload, spoken)
    except RecursionError as error:
        raise ValueError("a message nested too deeply") from error
    try:
        return envelope.v, _lasting.decode(envelope.m)
    except (msgspec.DecodeError, RecursionError):
        raise ForeignVersion(f"a message in version {envelope.v}, not in {spoken}") from None


def _decode_surrogates(payload: bytes, spoken: Versions) -> tuple[int, Message]:
    """Decode with the standard library, which knows lone surrogates."""
    try:
        plain = json.loads(payload)
    except RecursionError as error:
        raise ValueError("a message nested too deeply") from error
    version = plain.get("v") if isinstance(plain, dict) else None
    if not isinstance(version, int) or version not in spoken:
        raise ValueError("not a message of this protocol")
    message: Message = msgspec.convert(plain.get("m"), Message)
    return version, message
