"""The datasource node, its process or its host fails, and Pacemaker starts it anew."""

from tests.ha.pacemaker.case import PACEMAKER, StandbyCase
from tests.ocf import guide
from tests.ocf.agent import ROOT


class FailoverTest(StandbyCase):
    def setUp(self) -> None:
        super().setUp()
        self.first = self.here()

    def test_t30_a_killed_process_is_started_anew_and_the_second_time_elsewhere(self) -> None:
        machine = self.pair.machine(self.first.machine)
        self.begin()
        machine.run("kill", "-KILL", str(self.first.pid))
        second = self.await_other(self.first, "process killed, started anew there")
        self.assertEqual(self.first.machine, second.machine)
        self.await_settled()
        self.begin()
        machine.run("kill", "-KILL", str(second.pid))
        third = self.await_other(second, "process killed again, started elsewhere")
        self.assertNotEqual(self.first.machine, third.machine)

    def test_t30_a_process_that_hangs_is_replaced(self) -> None:
        machine = self.pair.machine(self.first.machine)
        self.begin()
        machine.run("kill", "-STOP", str(self.first.pid))
        self.await_other(self.first, "process stopped")
        self.assertIn("hangs and is killed", machine.path(PACEMAKER).read_text())

    def test_t30_a_host_that_loses_its_power_is_replaced_and_comes_back(self) -> None:
        machine = self.pair.machine(self.first.machine)
        self.begin()
        machine.cut_off()
        second = self.await_other(self.first, "host without power")
        self.assertNotEqual(self.first.machine, second.machine)
        machine.switch_on()
        self.await_settled()
        self.assertEqual(second, self.place())

    def test_t30_a_host_is_put_out_of_service_and_back_as_the_guide_says(self) -> None:
        machine = self.pair.machine(self.first.machine)
        locate, out, back = (
            line.replace("host-1", machine.name) for line in guide.commands(guide.section(4))[-3:]
        )
        self.assertIn(f"is running on: {machine.name}", machine.shell(locate, ROOT))
        self.begin()
        machine.shell(out, ROOT)
        second = self.await_other(self.first, "host put out of service")
        self.assertNotEqual(machine.name, second.machine)
        machine.shell(back, ROOT)
        self.await_settled()
        self.assertEqual(second, self.place())
