"""One Congress in several processes: each role in its own, over the example transport."""

import signal
import subprocess
from collections.abc import Callable

from tests.functional.nodes import DEADLINE, NodesCase


class SplitTest(NodesCase):
    def test_roles_in_processes_of_their_own(self) -> None:
        api = self.spawn("api", "--api")
        self.url = self.banner(api).rpartition(" ")[2]
        pe = self.spawn("pe", "--policy-engine")
        ds = self.spawn("ds", "--datasources")
        self.banner(pe)
        self.banner(ds)
        self.expect(lambda: self.call("/v1/policies", {"name": "p"})[0] in (201, 409), "a policy")
        rule = {"rule": "q(x) :- s:t(x)"}
        self.expect(lambda: self.call("/v1/policies/p/rules", rule)[0] in (201, 409), "a rule")
        source = {"name": "s", "driver": "push", "config": {"tables": {"t": ["x"]}}}
        self.expect(lambda: self.call("/v1/data-sources", source)[0] in (201, 409), "a source")
        self.expect(lambda: self.push([["a"], ["b"]]), "rows can be pushed")
        self.expect(self.has([["a"], ["b"]]), "the rows reach the rule")
        self.replace_datasource_node(ds)
        self.replace_policy_engine(pe)
        for process in (api, *self.successors):
            process.terminate()
        for process in (api, *self.successors):
            self.assertEqual(0, process.wait(DEADLINE), self.errors())

    def push(self, rows: list[list[str]]) -> bool:
        return self.call("/v1/data-sources/s/tables/t/rows", rows)[0] == 200

    def has(self, rows: list[list[str]]) -> Callable[[], bool]:
        return lambda: self.rows("/v1/policies/p/tables/q/rows") == rows

    def replace_datasource_node(self, old: "subprocess.Popen[str]") -> None:
        """A second node of that name is turned away; after a kill it takes over."""
        double = self.spawn("ds", "--datasources")
        self.assertEqual(3, double.wait(DEADLINE), self.errors())
        old.send_signal(signal.SIGKILL)
        old.wait()
        self.successors = [self.spawn("ds", "--datasources")]
        self.banner(self.successors[0])
        self.expect(lambda: self.push([["c"]]), "the successor takes rows")
        self.expect(self.has([["c"]]), "the successor's rows reach the rule")

    def replace_policy_engine(self, old: "subprocess.Popen[str]") -> None:
        """Without an engine the API says so; with a new one everything is there again."""
        old.send_signal(signal.SIGKILL)
        old.wait()
        self.expect(lambda: self.rows("/v1/policies/p/tables/q/rows") == 503, "503 meanwhile")
        self.successors.append(self.spawn("pe2", "--policy-engine"))
        self.banner(self.successors[1])
        self.expect(self.has([["c"]]), "the new engine has the rows")
