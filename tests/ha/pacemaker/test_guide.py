"""The steps of the guide that Pacemaker has no part in: policy engines and load balancer.

The steps before them are how the cluster of every test here is made.
"""

import pathlib

from tests.functional.system import wait_until
from tests.ha.pacemaker.case import HEALING, StandbyCase, slowness
from tests.ha.pacemaker.machine import Machine
from tests.ocf import guide
from tests.ocf.agent import ROOT

PROXY = "/etc/haproxy/haproxy.cfg"
NODES = {"pe-1", "pe-2"}


class GuideTest(StandbyCase):
    """``pe-1`` is a service of the first machine, ``pe-2`` runs on the second by hand; the
    load balancer has a machine of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.balancer = Machine(self.pair.lab, 3)
        self.addCleanup(self.balancer.cut_off)
        self.balancer.switch_on()
        script = (pathlib.Path(__file__).parent / "systemctl.py").read_text()
        for host in (*self.pair.machines, self.balancer):
            host.write("/usr/local/sbin/systemctl", f"#!/usr/bin/env python3\n{script}", 0o755)

    def answer(self) -> tuple[str, str]:
        """Status of a request without a cookie, and the node that it came to."""
        url = "http://127.0.0.1:1789/v1/policies"
        told = ("--silent", "--output", "/dev/null", "--dump-header", "-")
        status, *headers = self.balancer.run("curl", *told, url, check=False).splitlines() or [""]
        cookies = [one for one in headers if one.lower().startswith("set-cookie: congress_node=")]
        node = cookies[0].partition("=")[2].partition(";")[0] if cookies else ""
        return status.partition(" ")[2].strip(), node

    def nodes_in_use(self) -> set[str]:
        """The nodes that answer requests; nothing while any request fails."""
        answers = [self.answer() for _ in range(4)]
        return {node for _, node in answers} if {one for one, _ in answers} == {"200 OK"} else set()

    def test_policy_engines_and_a_load_balancer_are_set_up_as_written(self) -> None:
        first, second = self.pair.machines
        by_hand, *service = guide.commands(guide.section(3))
        for line in service:
            first.shell(line, ROOT)
        second.shell(f"{by_hand.replace('pe-1', 'pe-2')} >/var/log/pe-2.log 2>&1 &", ROOT)
        copy, check, start, *maintenance = guide.commands(guide.section(5))
        self.balancer.shell(copy, ROOT)
        config = self.balancer.path(PROXY)
        text = config.read_text().replace("192.0.2.11", first.address)
        config.write_text(text.replace("192.0.2.12", second.address))
        self.balancer.shell(check, ROOT)
        self.balancer.shell(start, ROOT)
        wait_until(
            lambda: self.nodes_in_use() == NODES, "both nodes are in use", HEALING * slowness()
        )
        self.check_maintenance(*maintenance)

    def check_maintenance(self, out: str, stop: str, back: str, start: str) -> None:
        """No request fails while a node is taken out of service and put back."""
        first = self.pair.machines[0]
        first.shell(out, ROOT)
        wait_until(lambda: self.nodes_in_use() == {"pe-2"}, "only the other is in use")
        first.shell(stop, ROOT)
        self.assertEqual({"pe-2"}, self.nodes_in_use())
        first.shell(back, ROOT)
        first.shell(start, ROOT)
        wait_until(
            lambda: self.nodes_in_use() == NODES, "both are in use again", HEALING * slowness()
        )
