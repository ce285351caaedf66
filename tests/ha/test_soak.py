"""The soak can tell: what it counts as lost, doubled or too slow, and one trial of it."""

import argparse
import json
import random
import unittest
from dataclasses import dataclass

from tests.ha.receiver import Call
from tests.ha.servers import BROKER, MARIADB, address
from tests.ha.soak.__main__ import names, trials
from tests.ha.soak.accounts import Account, balance
from tests.ha.soak.faults import FAULTS
from tests.ha.soak.report import as_json, as_text
from tests.ha.soak.series import Series, run


def account(
    pushed: str, calls: str, *, doubtful: str = "", repeats: bool = False, gap: float = 0.5
) -> Account:
    """Of rows named by single letters, received in that order and at that distance; a
    capital is a call with the key of the one before."""
    made: list[Call] = []
    for number, letter in enumerate(calls):
        key = made[-1].key if letter.isupper() else f"{number}"
        made.append(Call(key, letter.lower(), "/hook", gap * number))
    span = (0.0, gap * max(1, len(calls) - 1))
    return balance(pushed, made, doubtful, repeats=repeats, span=span)


def series(fault: str, *accounts: Account) -> Series:
    return Series(FAULTS[fault], list(accounts))


class AccountTest(unittest.TestCase):
    def test_all_is_well(self) -> None:
        found = account("abc", "abc")
        self.assertEqual((3, frozenset(), frozenset()), (found.due, found.lost, found.doubled))
        self.assertEqual([], series("engine-kill", found).broken())

    def test_what_was_never_received_is_lost(self) -> None:
        self.assertEqual(["trial 0 lost b"], series("engine-kill", account("abc", "ac")).broken())

    def test_what_is_in_doubt_may_be_lost_where_that_is_promised(self) -> None:
        found = account("abc", "ac", doubtful="b")
        self.assertEqual([], series("source-kill-once", found).broken())
        for fault in ("engine-kill", "source-kill-repeated"):
            self.assertEqual(["trial 0 left b in doubt"], series(fault, found).broken())

    def test_a_second_call_is_one_too_many_unless_the_receiver_knows_its_key(self) -> None:
        self.assertEqual(frozenset("b"), account("abc", "abBc").doubled)
        self.assertEqual(frozenset(), account("abc", "abBc", repeats=True).doubled)
        self.assertEqual(frozenset("b"), account("abc", "abbc", repeats=True).doubled)

    def test_nor_may_anything_come_that_nobody_asked_for(self) -> None:
        self.assertEqual(["trial 0 doubled x"], series("engine-kill", account("a", "ax")).broken())

    def test_engines_have_to_be_quick_in_the_middle(self) -> None:
        quick, slow = account("ab", "ab"), account("ab", "ab", gap=3.0)
        self.assertEqual([], series("engine-kill", quick, slow, quick).broken())
        self.assertEqual(
            ["in the middle nothing was done for 3.0 s"],
            series("engine-kill", slow, quick, slow).broken(),
        )
        self.assertEqual([], series("broker-kill", slow).broken())

    def test_no_trial_is_no_success(self) -> None:
        self.assertEqual(["there was no trial"], series("engine-kill").broken())


class ReportTest(unittest.TestCase):
    FOUND = (
        series("engine-kill", account("abc", "abc"), account("abc", "ac")),
        series("source-kill-once", account("abc", "ac", doubtful="b")),
    )

    def test_for_people(self) -> None:
        lines = as_text(self.FOUND).splitlines()
        expected = "engine-kill 2 2 6 4 1 0 0 0.5 s 0.5 s"
        self.assertEqual(expected, " ".join(lines[1].split()))
        self.assertEqual("engine-kill: trial 1 lost b", lines[-1])
        self.assertEqual("every promise was kept", as_text(self.FOUND[1:]).splitlines()[-1])

    def test_for_programs(self) -> None:
        plain = json.loads(as_json(self.FOUND, 7))
        self.assertEqual(7, plain["seed"])
        one, two = plain["faults"]
        self.assertEqual(["trial 1 lost b"], one["broken"])
        self.assertEqual((1, 1, []), (two["lost"], two["in_doubt"], two["broken"]))


class CommandTest(unittest.TestCase):
    def test_faults_are_chosen_by_name(self) -> None:
        self.assertEqual(["broker-kill", "engine-stop"], names("broker-kill,engine-stop"))
        with self.assertRaises(argparse.ArgumentTypeError) as caught:
            names("engine-kill,flood")
        self.assertIn("'flood'; choose from none, engine-kill", str(caught.exception))

    def test_three_trials_or_as_many_as_begin_in_time(self) -> None:
        self.assertEqual(3, len(list(trials(None, None, 6))))
        self.assertEqual(5, len(list(trials(5, None, 6))))
        self.assertEqual(1, len(list(trials(None, 0.0, 6))))


@dataclass(frozen=True, slots=True)
class Shared:
    """A server of all tests, which nobody kills."""

    variable: str

    def urls(self) -> list[str]:
        return [address(self.variable)]

    def kill(self) -> None:
        raise AssertionError("others use it, too")

    start = kill


class TrialTest(unittest.TestCase):
    def test_one_trial_of_a_soak(self) -> None:
        told: list[Account] = []
        servers = (Shared(BROKER), Shared(MARIADB))
        found = run(FAULTS["engine-stop"], servers, random.Random(1), [0], told.append, 20.0)
        self.assertEqual("", found.failure)
        self.assertEqual(found.accounts, told)
        (one,) = told
        self.assertTrue(one.settled)
        self.assertLess(10, one.due)
        self.assertEqual((set(), set(), set()), (one.lost, one.doubled, one.doubtful))
        self.assertEqual({"pe-1", "pe-2", "ds-1"}, {grown.node for grown in found.growth})
