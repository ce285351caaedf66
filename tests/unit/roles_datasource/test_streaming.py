"""Streams: published as they come, begun anew when they break, ended in time."""

from congress.interfaces.datasource import DriverError
from tests.unit.roles_datasource.kit import DatasourceCase
from tests.unit.roles_datasource.world import StreamingDriver, bound


class StreamTest(DatasourceCase):
    def setUp(self) -> None:
        super().setUp()
        self.plugins.kinds["driver"]["streaming"] = bound(StreamingDriver, self.world)
        self.ds = self.node()
        self.create(self.ds, "nova", "streaming")

    def test_what_is_emitted_is_published(self) -> None:
        self.clock.advance(3.5)
        self.assertEqual([[3]], self.rows(self.ds, "ports"))
        self.assertEqual("3", self.ask(self.ds, "status")["number_of_updates"])

    def test_a_stream_that_breaks_is_begun_anew(self) -> None:
        self.clock.advance(2.5)
        self.world.poll_error = DriverError("cut off")
        with self.assertLogs("congress.roles.datasource.streamer", "INFO") as logs:
            self.clock.advance(60.0)
            status = self.ask(self.ds, "status")
            self.world.poll_error = None
            self.clock.advance(100.0)
        self.assertEqual("cut off", status["last_error"])
        self.assertTrue(status["detail"]["tables"]["ports"]["stale"])
        self.assertLess(self.world.events.count("stream"), 12)
        after = self.ask(self.ds, "status")
        self.assertEqual("None", after["last_error"])
        self.assertFalse(after["detail"]["tables"]["ports"]["stale"])
        self.assertEqual(2, len(logs.output))

    def test_it_ends_with_its_datasource(self) -> None:
        self.clock.advance(2.0)
        args = {"datasource": "nova"}
        self.ds.bus.call("datasources", "datasource_delete", args, timeout=10.0)
        self.clock.advance(2.0)
        self.assertEqual(["stream", "end"], self.world.events)
