"""Which sources have a policy of their own."""

import unittest

from congress.roles.policy.mirrors import Mirrors


class MirrorsTest(unittest.TestCase):
    def test_configured_and_announced_sources_are_mirrored(self) -> None:
        mirrors = Mirrors()
        mirrors.store(["nova"])
        self.assertTrue(mirrors.announce(["cinder"]))
        self.assertFalse(mirrors.announce(["cinder"]))
        self.assertEqual({"nova", "cinder"}, mirrors.wanted([]))

    def test_a_policy_keeps_its_name(self) -> None:
        mirrors = Mirrors()
        mirrors.announce(["p", "nova"])
        self.assertEqual({"nova"}, mirrors.wanted(["p"]))

    def test_a_deleted_datasource_goes_at_once_though_announced(self) -> None:
        mirrors = Mirrors()
        mirrors.store(["nova"])
        mirrors.announce(["nova"])
        mirrors.store([])
        self.assertEqual(frozenset(), mirrors.wanted([]))
        mirrors.announce([])
        mirrors.announce(["nova"])
        self.assertEqual({"nova"}, mirrors.wanted([]))

    def test_a_datasource_made_again_is_mirrored_again(self) -> None:
        mirrors = Mirrors()
        mirrors.store(["nova"])
        mirrors.announce(["nova"])
        mirrors.store([])
        mirrors.store(["nova"])
        self.assertEqual({"nova"}, mirrors.wanted([]))

    def test_a_source_that_is_announced_no_longer_goes(self) -> None:
        mirrors = Mirrors()
        mirrors.announce(["nova"])
        mirrors.announce([])
        self.assertEqual(frozenset(), mirrors.wanted([]))
