"""Signatures on what nodes send each other: made, checked, and accepted once.

May import the standard library and msgspec.

What is signed holds everything that gives a message its meaning: the bus, who sends
it to whom, as what, when, and its number. So nothing that was signed for one purpose
can be used for another.

Invariants, but for a node that is told not to require signatures: a signature is
compared in constant time and before anything of the message is read; of one sender's
messages of a kind none is accepted twice, and none that is older than ``PATIENCE``.
"""

import enum
import hashlib
import hmac
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from msgspec import Struct

#: What signed messages begin with; no JSON does.
MAGIC = b"\x00seal1"
#: Seconds that the clocks of two nodes may differ, the way of the message included.
PATIENCE = 300.0
#: So many numbers back it is known which have been seen.
WINDOW = 4096
#: So many senders' numbers are remembered.
SENDERS = 1024

_MAC_SIZE = hashlib.sha256().digest_size
_HEAD = len(MAGIC) + _MAC_SIZE


class Purpose(enum.StrEnum):
    """As what a message is sent."""

    CONTROL = "control"
    DATA = "data"
    REQUEST = "request"
    ANSWER = "answer"


class _Body(Struct, frozen=True, array_like=True):
    purpose: str
    bus: str
    sender: str
    target: str
    instance: str
    number: int
    sent: float
    about: bytes
    payload: bytes


class BadSeal(Exception):  # noqa: N818 - named for what was found
    """A message that must not be believed; ``reason`` is one word."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message must say of itself. ``about`` is the mark of what it answers."""

    purpose: Purpose
    sender: str
    about: bytes = b""


class Seal:
    """One node's signature. The first key signs, each of the keys is accepted; without
    keys bytes pass as they are.

    :param required: whether with a key every message must be signed, and without one none
        may be. If not, nodes with and without a key hear each other.
    """

    def __init__(
        self,
        bus: str,
        node: str,
        instance: str,
        keys: Callable[[], Sequence[str]],
        required: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._bus, self._node, self._instance = bus, node, instance
        self._keys = keys
        self._required = required
        self._now = now
        self._numbers = {purpose: itertools.count(1) for purpose in Purpose}
        self._seen = _Seen()

    def sign(self, purpose: Purpose, target: str, payload: bytes, about: bytes = b"") -> bytes:
        """A message as it is sent; an empty ``target`` is everybody."""
        if not (keys := self._keys()):
            return payload
        body = _encoder.encode(
            _Body(
                purpose,
                self._bus,
                self._node,
                target,
                self._instance,
                next(self._numbers[purpose]),
                self._now(),
                about,
                payload,
            )
        )
        return b"".join((MAGIC, _mac(keys[0], body), body))

    def open(self, sealed: bytes, expected: Expected) -> bytes:
        """What a message says.

        :raises BadSeal: it is not signed by a node with one of the keys, was meant for
            something else, or was there before.
        """
        keys = self._keys()
        if not is_signed(sealed):
            if keys and self._required():
                raise BadSeal("unsigned", "does not sign its messages")
            return sealed
        if not keys and self._required():
            raise BadSeal("signed", "signs its messages, and this node has no key")
        body = _authentic(sealed, keys) if keys else _decoded(sealed[_HEAD:])
        if (body.bus, body.sender, body.purpose, body.about) != (
            self._bus,
            expected.sender,
            expected.purpose,
            expected.about,
        ) or body.target not in ("", self._node):
            raise BadSeal("misused", "repeats what was signed for something else")
        if abs(self._now() - body.sent) > PATIENCE:
            raise BadSeal("old", f"signed its message more than {PATIENCE:g} s from now")
        if not expected.about:
            self._seen.take((body.sender, body.instance, body.purpose), body.number)
        return body.payload


def mark(sealed: bytes) -> bytes:
    """What tells a signed message from all others; an answer refers to it."""
    return sealed[len(MAGIC) : _HEAD]


def is_signed(payload: bytes) -> bool:
    """Whether bytes look like a signed message."""
    return payload.startswith(MAGIC)


class _Seen:
    """Which numbers of which sender have been there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: (highest number, a bit for each of the last ones).
        self._windows: OrderedDict[tuple[str, str, str], tuple[int, int]] = OrderedDict()

    def take(self, sender: tuple[str, str, str], number: int) -> None:
        """Note a number. :raises BadSeal: it was there, or is too far back to know."""
        with self._lock:
            highest, bits = self._windows.pop(sender, (0, 0))
            ahead = number - highest
            if ahead > 0:
                bits = ((bits << ahead) & _ALL if ahead < WINDOW else 0) | 1
                highest = number
                known = False
            else:
                known = -ahead >= WINDOW or bool(bits >> -ahead & 1)
                bits |= 0 if known else 1 << -ahead
            self._windows[sender] = (highest, bits)
            while len(self._windows) > SENDERS:
                self._windows.popitem(last=False)
        if known:
            raise BadSeal("replayed", "repeats a message that was received before")


def _authentic(sealed: bytes, keys: Sequence[str]) -> _Body:
    mac, raw = sealed[len(MAGIC) : _HEAD], sealed[_HEAD:]
    if not any(hmac.compare_digest(mac, _mac(key, raw)) for key in keys):
        raise BadSeal("wrong-key", "signs with a key that this node does not have")
    return _decoded(raw)


def _decoded(raw: bytes) -> _Body:
    try:
        return _decoder.decode(raw)
    except msgspec.DecodeError:
        raise BadSeal("misused", "signed something that is no message") from None


def _mac(key: str, body: bytes) -> bytes:
    return hmac.digest(key.encode(), body, "sha256")


_ALL = (1 << WINDOW) - 1
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Body)
