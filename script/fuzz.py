"""Feed what atheris makes up to the property tests of the policy language.

Called by ``script/fuzz``. Half of the inputs are texts as they are; the others are
drawn by the strategies of the tests, so that many of them come near to a program.
"""

import pathlib
import sys

import atheris
from hypothesis import given
from hypothesis import strategies as st

with atheris.instrument_imports(include=["congress.engine.lang", "congress.engine.statements"]):
    from tests.property.test_engine_fuzz import POLICIES, TEXTS, FuzzTest, written

CASE = FuzzTest()


@given(TEXTS)
def printing(text: str) -> None:
    CASE.check_printing(text)


@given(TEXTS, st.sampled_from(sorted(POLICIES)))
def checking(text: str, policy: str) -> None:
    CASE.check_inserting(text, policy)


DRAWN = (printing.hypothesis.fuzz_one_input, checking.hypothesis.fuzz_one_input)


def one_input(data: bytes) -> None:
    """Try one input; whatever is raised here is a finding."""
    if not data:
        return
    choice, rest = data[0] % 4, data[1:]
    if choice < 2:
        DRAWN[choice](rest)
        return
    text = rest.decode(errors="replace")
    CASE.check_printing(text)
    if choice == 3:
        CASE.check_inserting(text, "g")


def sow(corpus: pathlib.Path) -> None:
    """Begin with the texts of the conformance cases."""
    for number, text in enumerate(written()):
        (corpus / f"case-{number}").write_bytes(bytes([2 + number % 2]) + text.encode())


if __name__ == "__main__":
    sow(pathlib.Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
