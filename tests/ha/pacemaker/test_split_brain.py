"""The two machines lose each other, and there is no fencing: each wants the datasource node.

A rule tells the receiver of every machine that the policy engine finds the node on. However
many processes there are, one polls, and what is to be done is done once.
"""

import itertools

from tests.functional.system import wait_until
from tests.ha.pacemaker import machine
from tests.ha.pacemaker.case import HOOK, LOG, StandbyCase


class SplitBrainTest(StandbyCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.engine.api.create_source("told", "notify")
        cls.engine.api.create_rule(
            "classification", f'execute[told:webhook("{HOOK}", host)] :- here(host, pid)'
        )

    def setUp(self) -> None:
        super().setUp()
        self.first = self.here()
        wait_until(lambda: self.told()[-1:] == [self.first.machine], "the receiver is told")
        self.one = self.pair.machine(self.first.machine)
        (self.other,) = (host for host in self.pair.machines if host is not self.one)
        self.told_before, self.lost_before = len(self.told()), self.losses()

    def told(self) -> list[str]:
        """What the receiver has been told so far."""
        return [call.payload for call in self.receiver.calls]

    def refused(self) -> bool:
        """Whether the node could not start on the other machine, and Pacemaker knows."""
        reason = "a node with the id 'datasource-node' is running already"
        log = self.other.path(LOG)
        return log.exists() and reason in log.read_text() and self.pair.gave_up(self.other)

    def losses(self) -> int:
        """How often a node on the first machine has noticed that it is off duty."""
        log = self.one.path(LOG).read_text()
        return log.count("the lease of datasource machine is lost; it is no longer run here")

    def test_t30_a_second_node_that_finds_the_first_does_not_start(self) -> None:
        self.one.unplug("eth1")
        wait_until(self.refused, "the other machine has tried")
        self.one.plug("eth1")
        self.await_settled()
        self.assertEqual(self.first, self.place())
        self.assertEqual(self.told_before, len(self.told()))

    def test_t30_of_two_nodes_one_is_on_duty_if_the_first_loses_the_broker(self) -> None:
        self.begin()
        self.one.lose(machine.BROKER)
        self.one.unplug("eth1")
        self.check_two_nodes("host without broker and ring")

    def test_t30_of_two_nodes_one_is_on_duty_if_the_first_is_cut_off(self) -> None:
        self.begin()
        self.one.unplug("eth0", "eth1")
        self.check_two_nodes("host without any network")

    def check_two_nodes(self, what: str) -> None:
        """Both machines run the node; the second is on duty, alone; all heals."""
        second = self.await_other(self.first, what)
        self.assertEqual(self.other.name, second.machine)
        both = ["host-1", "host-2"]
        wait_until(lambda: self.pair.where() == both, "each machine runs a node")
        wait_until(lambda: self.losses() > self.lost_before, "the first is off duty")
        wait_until(lambda: len(self.told()) > self.told_before, "the receiver is told")
        self.assertEqual(second, self.place())
        self.assertEqual([self.other.name], self.told()[self.told_before :])
        self.one.plug("eth0", "eth1")
        self.one.find(machine.BROKER)
        self.await_settled()
        self.assertNotIn(True, [one == next_ for one, next_ in itertools.pairwise(self.told())])
