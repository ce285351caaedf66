"""The wire of the ``oslo`` transport: messages in pieces, pieces in envelopes, envelopes as text.

May import the standard library, msgspec and ``congress.interfaces``.

Base64 inside, because the messaging library puts its argument into JSON twice and
would escape a JSON text twice over.

Invariants: an envelope's text is shorter than ``MAX_TEXT``; what does not say of
itself that it is of this version is not read; unpacking never takes more memory than
``MAX_MESSAGE`` bytes.
"""

import base64
import enum
import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from congress.interfaces.bus import Channel

#: Changes when an older node would misunderstand an envelope.
VERSION = 1
#: Bytes of the largest message there can be.
MAX_MESSAGE = 128 * 1024 * 1024
#: Bytes of a message that travel in one envelope.
PIECE = 512 * 1024
#: Characters of an envelope that is never reached: 1 MB, less what the library adds.
MAX_TEXT = 1_000_000 - 16_384
#: Bytes over which a message is compressed, fast rather than well.
WORTH_PACKING = 4096
_LEVEL = 1
_PLAIN = re.compile(r"[a-z0-9_-]{1,32}")


class Kind(enum.StrEnum):
    """What a message is."""

    #: From a channel's broadcast.
    BROADCAST = "b"
    #: Data for one node.
    SEND = "s"
    REQUEST = "q"
    ANSWER = "a"
    #: Instead of an answer: the request was not handled, as there is too much to do.
    BUSY = "f"
    #: Instead of an answer: none will come, and the request may have been handled.
    LOST = "l"
    #: A node's own sign that it hears what is broadcast from now on.
    MARKER = "m"
    #: A node's own sign, to see whether its own queue delivers.
    SIGN = "w"


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """A message, or a part of one.

    ``number`` counts the messages of the sending instance, ``about`` is the number
    of the request that an answer belongs to, ``patience`` the seconds for which the
    answer to a request is waited for.
    """

    kind: Kind
    number: int
    body: bytes = b""
    index: int = 0
    count: int = 1
    packed: bool = False
    about: int = 0
    patience: float = 0.0


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """Pieces with a common way. ``to`` is the instance they are for, if it is known;
    ``hops`` counts how often a wrong instance passed them on."""

    version: int
    bus: str
    node: str
    instance: str
    to: str = ""
    hops: int = 0
    pieces: Sequence[Piece] = ()


#: Made here: msgspec prepares a type when it is first decoded, and the process crashes if
#: two threads do that at once.
_envelopes = msgspec.msgpack.Decoder(Envelope)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends: bus id, node, instance."""

    bus: str
    node: str
    instance: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where an envelope goes: to a node's queue of a channel, or to all nodes'."""

    channel: Channel
    node: str = ""


def name_of(bus_id: str) -> str:
    """A bus id as part of names on a broker: short, without dots, different for each."""
    if _PLAIN.fullmatch(bus_id):
        return bus_id
    return "=" + hashlib.sha256(bus_id.encode()).hexdigest()[:31]


def seal(envelope: Envelope) -> str:
    """An envelope as text."""
    return base64.b64encode(msgspec.msgpack.encode(envelope)).decode("ascii")


def unseal(text: object) -> Envelope:
    """The envelope of a text. :raises ValueError: it is none of this version."""
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise ValueError("not an envelope")
    try:
        envelope = _envelopes.decode(base64.b64decode(text, validate=True))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"not an envelope: {error}") from None
    if envelope.version != VERSION:
        raise ValueError(f"version {envelope.version} is not read here")
    return envelope


def pack(payload: bytes) -> tuple[bytes, bool]:
    """A message as it travels, and whether it is compressed."""
    if len(payload) > WORTH_PACKING:
        packed = zlib.compress(payload, _LEVEL)
        if len(packed) < len(payload):
            return packed, True
    return payload, False


def unpack(body: bytes, packed: bool) -> bytes:
    """A message as it was. :raises ValueError: it is damaged, or too large."""
    if not packed:
        return body
    reader = zlib.decompressobj()
    try:
        payload = reader.decompress(body, MAX_MESSAGE)
    except zlib.error as error:
        raise ValueError(f"a damaged message: {error}") from error
    if not reader.eof:
        raise ValueError("a message that is too large, or lacks its end")
    return payload


def cut(piece: Piece) -> Iterator[Piece]:
    """The pieces that a message travels in: compressed, and none too large."""
    body, packed = pack(piece.body)
    count = max(1, -(-len(body) // PIECE))
    for index in range(count):
        part = body[index * PIECE : (index + 1) * PIECE]
        yield msgspec.structs.replace(piece, body=part, index=index, count=count, packed=packed)
