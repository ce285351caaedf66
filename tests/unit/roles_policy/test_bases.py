"""What engines tell of what their actions follow from."""

import json
from typing import Any

from congress.plugins.builtin.time import BUILTINS
from congress.roles.policy.bases import TABLE
from congress.roles.policy.role import BASIS_INTERVAL
from tests.unit.roles_policy.harness import PolicyEngineTestCase, table


class BasisTest(PolicyEngineTestCase):
    builtins = BUILTINS

    def setUp(self) -> None:
        super().setUp()
        self.configure("nova", "cinder")
        self.publish_source("nova", table("servers", "id"))
        self.publish_source("cinder", table("volumes", "id"))

    def told(self) -> dict[str, Any]:
        """What each rule depends on, and under no name how far that had come."""
        assert self.bus.published
        rows = self.bus.published.tables[TABLE]
        return {str(row[1]): json.loads(str(row[2])) for row in rows}

    def revision(self) -> int:
        return int(self.call("engine_status")["revision"])

    def test_it_goes_with_the_actions(self) -> None:
        rule = self.rule("action", "execute[nova:stop(x)] :- bad(x)")
        self.rule("action", "bad(x) :- nova:servers(x)")
        self.send_rows("nova", "servers", ("s1",))
        self.assertEqual(["policy", "nova:servers"], self.told()[rule])
        seq = self.seq - 1
        marks = {"policy": [0, self.revision()], "nova:servers": [1, seq]}
        self.assertEqual(marks, self.told()[""])

    def test_it_is_told_soon_when_no_action_changed(self) -> None:
        self.rule("action", "execute[nova:stop(x)] :- nova:servers(x), not cinder:volumes(x)")
        self.send_rows("nova", "servers", ("s1",))
        self.send_rows("cinder", "volumes")
        self.send_rows("cinder", "volumes", ("other",))
        before = self.told()[""]["cinder:volumes"]
        self.clock.advance(BASIS_INTERVAL)
        self.settle()
        self.assertEqual([1, self.seq - 1], self.told()[""]["cinder:volumes"])
        self.assertLess(before, [1, self.seq - 1])

    def test_rules_that_are_held_are_not_named(self) -> None:
        rule = self.rule("action", "execute[nova:stop(x)] :- nova:servers(x)")
        self.assertNotIn(rule, self.told())
        self.send_rows("nova", "servers")
        self.assertIn(rule, self.told())
        self.send_rows("nova", "servers", stale=True)
        self.assertNotIn(rule, self.told())

    def test_what_depends_on_this_engine_or_the_time_is_not_named(self) -> None:
        own = self.rule("action", "execute[nova:stop(x)] :- _status:tables(x, y, a, c, s, e)")
        timed = self.rule("action", "execute[nova:stop(x)] :- late(x)")
        self.rule("action", "late(1) :- now(x)")
        both = self.rule("action", "execute[nova:stop(1)] :- true")
        self.assertEqual({"", both}, set(self.told()))
        self.assertNotIn(own, self.told())
        self.assertNotIn(timed, self.told())
