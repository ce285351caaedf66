"""URLs that may be called: compared by their parts, never as text.

May import the standard library only.

Invariant: the URL that is sent is put together again from the parts that were
compared, so no other reading of the original text can lead elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in parts. ``path`` and ``query`` are as given, still percent-encoded."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def origin(self) -> str:
        """The part that is fit for messages: paths and queries often hold secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.path + (f"?{self.query}" if self.query else "")

    @property
    def segments(self) -> tuple[str, ...]:
        """The decoded segments of the path."""
        return tuple(unquote(segment) for segment in self.path.split("/")[1:])

    def begins_with(self, prefix: "Target") -> bool:
        """Whether another URL has the same origin and a path that this one lies at or below."""
        if self.origin != prefix.origin:
            return False
        wanted = prefix.segments
        if wanted and not wanted[-1]:
            wanted = wanted[:-1]
        return self.segments[: len(wanted)] == wanted


def read_target(text: str) -> Target:
    """Take a URL apart.

    :raises ValueError: if it is none that can be called safely; the text is not quoted.
    """
    if _FORBIDDEN.search(text):
        raise ValueError("a URL must not hold blanks, control characters or backslashes")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("not a URL") from error
    if parts.scheme not in _PORTS:
        raise ValueError("a URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("a URL must not hold credentials; use the option headers")
    host = (parts.hostname or "").lower()
    if not _HOST.fullmatch(host):
        raise ValueError("a URL must name a host in ASCII letters")
    _check_path(parts)
    port = _PORTS[parts.scheme] if port is None else port
    return Target(parts.scheme, host, port, parts.path or "/", parts.query)


def read_prefixes(texts: Iterable[object]) -> tuple[list[Target], list[str]]:
    """The allowed URLs; those that cannot be meant come as problems beside them."""
    prefixes: list[Target] = []
    problems: list[str] = []
    for index, text in enumerate(texts):
        try:
            prefix = read_target(str(text))
        except ValueError as error:
            problems.append(f"allowed_urls: entry {index + 1}: {error}")
            continue
        if prefix.query:
            problems.append(f"allowed_urls: entry {index + 1}: must not hold a query")
        else:
            prefixes.append(prefix)
    return prefixes, problems


def _check_path(parts: SplitResult) -> None:
    """Refuse paths that a server may take for another one."""
    if parts.fragment:
        raise ValueError("a URL must not hold a fragment")
    for segment in parts.path.split("/"):
        plain = unquote(segment).partition(";")[0]
        if plain in (".", "..") or "/" in plain or "\\" in plain:
            raise ValueError("the path of a URL must not hold dot segments or encoded slashes")
