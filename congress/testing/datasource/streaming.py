"""What holds for drivers that tell by themselves.

May import the standard library, ``congress.interfaces`` and ``congress.model``.
"""

from typing import ClassVar

from congress.interfaces.datasource import Streams
from congress.model.delta import Batch
from congress.testing.datasource.declaring import DatasourceCase


class StreamSuite(DatasourceCase):
    """What is emitted fits; a stream that is stopped ends."""

    tested: ClassVar[frozenset[type]] = frozenset({Streams})

    def test_stream_emits_rows_that_fit_until_it_is_stopped(self) -> None:
        driver = self.opened()
        assert isinstance(driver, Streams)
        seen: list[Batch] = []

        def emit(batch: Batch) -> None:
            seen.append(batch)
            self.probe.stop.set()

        driver.stream(emit, self.probe.stop)
        self.assertTrue(seen, "nothing was emitted")
        for batch in seen:
            self.assert_fits(driver.schema(), batch)

    def test_stopped_stream_ends(self) -> None:
        driver = self.opened()
        assert isinstance(driver, Streams)
        self.probe.stop.set()
        driver.stream(self.probe.emitted.append, self.probe.stop)
        self.assertTrue(self.probe.stop.is_set())
