"""The conformance suites of datasource drivers, for anybody who writes one.

May import the standard library, jsonschema, ``congress.interfaces`` and ``congress.model``.

Mix ``DatasourceSuite`` and the suite of each capability the driver has into a
``unittest.TestCase``, and say what to test::

    class TestAcme(PollSuite, ActSuite, DatasourceSuite, unittest.TestCase):
        driver_class = AcmeDriver
        config = {"url": "http://acme.test/", "password": "s3cret"}
        wrong_configs = [{"url": "nonsense"}]
        calls = [ActionCall("reboot", (1,), {"server": 1})]
        failing_calls = [ActionCall("reboot", (2,), {"server": 2})]

        def make_driver(self, context):
            return AcmeDriver(self.complete_config(), context, FakeAcme())

For tests of one's own ``make_context`` gives a context on the manual clock that
keeps what the driver tells.
"""

from congress.testing.datasource.accepting import AcceptSuite
from congress.testing.datasource.acting import ActSuite
from congress.testing.datasource.context import Probe, StopToken, complete_config, make_context
from congress.testing.datasource.declaring import DatasourceSuite
from congress.testing.datasource.polling import PollSuite, read_all
from congress.testing.datasource.streaming import StreamSuite

__all__ = [
    "AcceptSuite",
    "ActSuite",
    "DatasourceSuite",
    "PollSuite",
    "Probe",
    "StopToken",
    "StreamSuite",
    "complete_config",
    "make_context",
    "read_all",
]
