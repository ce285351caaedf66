"""Where in a file a piece of text stands that YAML took out of it.

May import ``congress.model`` only.

Invariant: a place is exact where the text is written in the file as it is, up to
white space; where YAML decoded escapes it is the beginning of the scalar.
"""

from dataclasses import dataclass

from congress.model.diagnostic import Span


@dataclass(frozen=True, slots=True)
class Extract:
    """A text of the language, and what it was taken out of.

    :param source: the whole file.
    :param start: where the text begins in the file, quotes and marks included.
    """

    text: str
    source: str
    start: int = 0

    def place(self, span: Span) -> Span:
        """The place in the file of a place in the text."""
        if self.text == self.source:
            return span
        written = self._written()
        if written is None:
            return span_of(self.source, self.start, self.start + 1)
        first = _visible(self.text[: span.start])
        last = max(first, _visible(self.text[: span.end]) - 1)
        if first >= len(written):
            end = written[-1] + 1 if written else self.start
            return span_of(self.source, end, end)
        return span_of(self.source, written[first], written[min(last, len(written) - 1)] + 1)

    def _written(self) -> list[int] | None:
        """Where in the file each character of the text is that is not white space."""
        start = self.start
        if self.source[start : start + 1] in ("|", ">"):
            start = self.source.find("\n", start) + 1
        elif self.source[start : start + 1] in ("'", '"'):
            start += 1
        places: list[int] = []
        wanted = "".join(self.text.split())
        at = start
        for character in wanted:
            while self.source[at : at + 1].isspace():
                at += 1
            if self.source[at : at + 1] != character:
                return None
            places.append(at)
            at += 1
        return places


def span_of(text: str, start: int, end: int) -> Span:
    """The span of some characters of a text."""
    line_start = text.rfind("\n", 0, start) + 1
    return Span(start, end, text.count("\n", 0, start) + 1, start - line_start + 1)


def _visible(text: str) -> int:
    """How many characters are no white space."""
    return len("".join(text.split()))
