"""The guide to high availability, taken apart into what it tells people to do."""

import re
import textwrap

from tests.ocf.agent import ROOT

TEXT = (ROOT / "doc/source/admin/high-availability.rst").read_text()
_BLOCK = re.compile(
    r"^(?:.*::|\.\. code-block:: \w+)\n(?:   :.*\n)*\n((?:   .*\n|\n(?=\n*   ))+)", re.MULTILINE
)


def section(number: int) -> str:
    """What a step says."""
    (text,) = re.findall(rf"^{number}\. .*\n=+\n((?:.*\n(?!\d\. ))*)", TEXT, re.MULTILINE)
    return str(text)


def blocks(text: str) -> list[str]:
    """The pieces of code in a text, in order."""
    return [textwrap.dedent(block) for block in _BLOCK.findall(text)]


def commands(text: str) -> list[str]:
    """The commands for a shell in a text, each on one line."""
    lines = "\n".join(blocks(text)).replace("\\\n", "").splitlines()
    return [re.sub(r"\s+", " ", line[2:]) for line in lines if line.startswith("$ ")]


def configuration() -> str:
    """The configuration file of every host."""
    (text,) = (block for block in blocks(section(2)) if block.startswith("[DEFAULT]"))
    return text


def shell_of_pacemaker() -> str:
    """What is typed in ``crm configure``."""
    (text,) = (block for block in blocks(section(4)) if block.startswith("primitive "))
    return text
