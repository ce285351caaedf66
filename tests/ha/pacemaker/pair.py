"""Two machines under Pacemaker, and the datasource node as their resource."""

import contextlib
import pathlib
import xml.etree.ElementTree as ElementTree

from tests.ha.pacemaker.machine import Lab, Machine

RESOURCE = "ds-node"

CLUSTER = """totem {{
  version: 2
  cluster_name: congress
  transport: knet
  crypto_cipher: none
  crypto_hash: none
}}
nodelist {{
{nodes}}}
quorum {{
  provider: corosync_votequorum
  two_node: 1
  wait_for_all: 0
}}
logging {{
  to_stderr: yes
  to_syslog: no
}}
"""
NODE = """  node {{
    name: host-{number}
    nodeid: {number}
    ring0_addr: 10.78.0.{number}
  }}
"""


class Pair:
    """Both machines, on."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self.lab = Lab(folder)
        self.machines: list[Machine] = []

    def __enter__(self) -> "Pair":
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.lab)
            file = self._folder / "corosync.conf"
            nodes = "".join(NODE.format(number=number) for number in (1, 2))
            file.write_text(CLUSTER.format(nodes=nodes))
            self.machines = [Machine(self.lab, number, file) for number in (1, 2)]
            for machine in self.machines:
                stack.callback(machine.cut_off)
                machine.switch_on()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def machine(self, name: str) -> Machine:
        """The machine of a name."""
        (found,) = (one for one in self.machines if one.name == name)
        return found

    def where(self) -> list[str]:
        """The machines on which the resource has started, as those know that are on."""
        path = f".//resource[@id='{RESOURCE}'][@role='Started']/node"
        return sorted(set().union(*(_names(self._state(one), path) for one in self._on())))

    def gave_up(self, machine: Machine) -> bool:
        """Whether a machine has found that the resource cannot run anywhere."""
        resource = self._state(machine).find(f".//resource[@id='{RESOURCE}']")
        return resource is not None and resource.attrib["role"] == "Stopped"

    def online(self) -> set[str]:
        """The machines that every machine that is on finds online."""
        path = "nodes/node[@online='true']"
        return set.intersection(*(_names(self._state(one), path) for one in self._on()))

    def _on(self) -> list[Machine]:
        return [machine for machine in self.machines if machine.on]

    @staticmethod
    def _state(machine: Machine) -> ElementTree.Element:
        """What a machine knows of the cluster; nothing while it boots."""
        text = machine.run("crm_mon", "--one-shot", "--output-as=xml", check=False)
        return ElementTree.fromstring(text)


def _names(state: ElementTree.Element, path: str) -> set[str]:
    return {node.attrib["name"] for node in state.iterfind(path)}
