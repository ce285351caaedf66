"""The engine that leads dies, or stands still: its actions are neither lost nor doubled.

How long nothing is done meanwhile is tested on the manual clock and measured by the soak.
"""

from tests.ha.acting import ActingCase, Pushing


class LeaderTest(ActingCase):
    def setUp(self) -> None:
        super().setUp()
        self.leader, self.other = self.roles()
        self.pushing = Pushing(self.other)
        self.pushing.start()
        self.addCleanup(self.pushing.end)
        self.await_more(10)

    def await_more(self, number: int) -> None:
        """So many further actions have been run."""
        wanted = len(self.receiver.calls) + number
        self.cluster.wait(lambda: len(self.receiver.calls) >= wanted, f"{number} more actions")

    def await_change(self) -> None:
        """The other engine leads."""

        def leader() -> object:
            found = self.other.api.source_detail("told").get("leader")
            return found and found["node"] == self.other.name

        self.cluster.wait(leader, f"{self.other.name} leads")

    def finish(self) -> None:
        """Every row that was pushed has had its action, once."""
        pushed = self.pushing.end()
        self.await_effects(*pushed)
        self.cluster.wait(
            lambda: {entry["state"] for entry in self.other.api.ledger()} == {"done"},
            "all is done in the ledger",
        )
        self.assertEqual(len(pushed), len(self.receiver.calls))

    def test_t05_a_leader_that_is_killed_loses_and_doubles_nothing(self) -> None:
        self.leader.kill()
        self.await_change()
        self.await_more(10)
        self.finish()

    def test_t05_a_leader_that_stood_still_loses_and_doubles_nothing(self) -> None:
        self.leader.pause()
        self.await_change()
        self.await_more(10)
        self.leader.resume()
        self.await_more(10)
        self.finish()

    def test_t05_a_leader_that_comes_back_under_its_name_doubles_nothing(self) -> None:
        self.leader.kill()
        self.cluster.start(self.leader)
        self.await_more(10)
        self.roles()
        self.finish()
