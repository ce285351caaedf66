"""Hosts that are not set up alike, and a broker that is not one's own."""

import shutil
from pathlib import Path

from congress.kernel.exit_codes import ExitCode
from tests.ha.case import HACase
from tests.ha.cluster import Cluster
from tests.ha.node import Node
from tests.ha.receiver import Receiver
from tests.ha.servers import BROKER, address


class KeyTest(HACase):
    """The key that seals secrets, on the first host and on another one."""

    def setUp(self) -> None:
        super().setUp()
        self.engine = self.cluster.engine("pe-1")
        self.first = self.cluster.datasources(settings=self.keys("first"))
        self.cluster.start(self.engine, self.first)
        self.engine.api.create_source(
            "told", "notify", headers={"X-Password": "secret"}, delivery="at_least_once"
        )
        self.other = self.cluster.datasources(host="other-host", settings=self.keys("other"))
        self.first.kill()

    def keys(self, name: str) -> dict[str, dict[str, object]]:
        return {"DEFAULT": {"encryption_key_path": self.folder(name)}}

    def folder(self, name: str) -> Path:
        return self.cluster.folder / f"keys-of-{name}"

    def test_t24_a_host_without_the_key_says_what_to_do(self) -> None:
        self.assert_refused("there is no key file")

    def test_t24_a_host_with_another_key_says_what_to_do(self) -> None:
        with Cluster(address(BROKER), address(self.server)) as stranger:
            node = stranger.datasources(settings=self.keys("other"))
            stranger.start(node)
        self.assert_refused("are sealed with another key than this node's")

    def assert_refused(self, reason: str) -> None:
        self.other.start()
        self.assertEqual(ExitCode.CONFIGURATION, self.other.wait())
        self.assertIn(reason, self.other.tail())
        self.assertIn("copy the key file", self.other.tail())

    def test_t24_a_host_with_a_copy_of_the_key_takes_over(self) -> None:
        shutil.copytree(self.folder("first"), self.folder("other"))
        self.cluster.start(self.other)

        def done() -> bool:
            answer = self.engine.api.execute("told", "webhook", self.receiver.url, "opened")
            return answer.ok and answer.json()["state"] == "done"

        self.cluster.wait(done, "the secret is opened")


class TwoBusesTest(HACase):
    """Two of everything over one broker, with the same names."""

    def setUp(self) -> None:
        super().setUp()
        self.strangers = self.enterContext(Receiver())
        allowed = {"driver_notify": {"allowed_urls": self.strangers.url}}
        self.stranger = self.enterContext(Cluster(address(BROKER), address(self.server), allowed))
        self.ours = self.populate(self.cluster, self.receiver)
        self.theirs = self.populate(self.stranger, self.strangers)

    def populate(self, cluster: Cluster, receiver: Receiver) -> tuple[Node, Node]:
        """An engine and a datasource node; each row of ``box:t`` is told to a receiver."""
        engine, source = cluster.engine("pe-1"), cluster.datasources()
        cluster.start(engine, source)
        engine.api.create_source("told", "notify")
        engine.api.create_source("box", "push", tables={"t": ["x"]})
        rule = f'execute[told:webhook("{receiver.url}", x)] :- box:t(x)'
        engine.api.create_rule("classification", rule)
        return engine, source

    def test_t25_nothing_gets_from_one_to_the_other(self) -> None:
        for (engine, _), word, receiver in (
            (self.ours, "ours", self.receiver),
            (self.theirs, "theirs", self.strangers),
        ):
            engine.api.await_push("box", "t", [[word]])
            self.cluster.wait(lambda receiver=receiver: receiver.calls, f"{word} is told")  # type: ignore[misc]
            nodes = engine.api.get("/v1/system/status")["nodes"]
            self.assertEqual(2, len(nodes))
        self.assertEqual(["ours"], [call.payload for call in self.receiver.calls])
        self.assertEqual(["theirs"], [call.payload for call in self.strangers.calls])

    def test_t25_the_end_of_one_does_not_touch_the_other(self) -> None:
        engine, source = self.ours
        source.kill()
        self.assertEqual(503, engine.api.push("box", "t", [["late"]]))
        self.theirs[0].api.await_push("box", "t", [["theirs"]])
        self.cluster.wait(lambda: self.strangers.calls, "it is told")
        self.assertEqual([], self.receiver.calls)
