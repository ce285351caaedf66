"""The catalogue, with sound, doubled and broken distributions."""

from congress.kernel.catalogue import (
    CONFIGURED,
    Candidate,
    CandidateState,
    collect,
    parse_endpoints,
    read_installed,
)
from tests.unit.kernel.support import OWN_DISTRIBUTION, KernelTestCase


class InstalledTest(KernelTestCase):
    def installed(self, kind: str) -> dict[str, Candidate]:
        found, _ = read_installed()
        return {one.name: one for one in found if one.kind == kind}

    def test_own_plugins_come_through_the_same_door(self) -> None:
        own = self.installed("storage")["sql"]
        self.assertEqual(OWN_DISTRIBUTION, own.distribution)
        self.assertTrue(own.version)

    def test_a_third_party_is_found_with_name_and_version_and_not_imported(self) -> None:
        self.install_driver("acme-congress", source="raise SystemExit(7)", version="2.5")
        found = self.installed("driver")["acme"]
        self.assertEqual(("acme-congress", "2.5"), (found.distribution, found.version))
        self.assertEqual("acme_congress_module:Driver", found.value)
        self.assertIn("'acme' of acme-congress 2.5", found.label)

    def test_a_broken_distribution_is_reported_and_the_rest_counts(self) -> None:
        self.install_driver("sound")
        nameless = self.shelf.install("nameless", {"driver": {"n": "n:N"}})
        nameless.joinpath("METADATA").write_text("Version: 1\n")
        metadata = self.shelf.install("garbled", {"driver": {"g": "g:G"}})
        metadata.joinpath("entry_points.txt").write_bytes(b"\xff\xfe\x00[congress")
        listless = self.shelf.install("listless", {"driver": {"l": "l:L"}})
        listless.joinpath("entry_points.txt").write_text("no section at all\n")
        found, problems = read_installed()
        self.assertIn("acme", {one.name for one in found})
        where = " ".join(problem.where for problem in problems)
        self.assertIn("garbled", where)
        self.assertIn("nameless", where)
        self.assertNotIn("sound", where)
        self.assertTrue(all(problem.severity == "warning" for problem in problems))


class DuplicateTest(KernelTestCase):
    def test_duplicates_are_found_wherever_they_stand(self) -> None:
        listed = [
            Candidate("driver", "x", "a:A", "one", "1"),
            Candidate("driver", "y", "b:B", "two", "1"),
            Candidate("driver", "x", "c:C", "three", "1"),
        ]
        catalogue = collect(listed)
        states = {one.distribution: one.state for one in catalogue.of("driver")}
        self.assertEqual(CandidateState.DUPLICATE, states["one"])
        self.assertEqual(CandidateState.DUPLICATE, states["three"])
        self.assertEqual(["y"], [one.name for one in catalogue.usable("driver")])
        (warning,) = catalogue.warnings
        self.assertIn("one 1 (a:A), three 1 (c:C)", warning.message)

    def test_the_same_name_in_two_kinds_is_no_duplicate(self) -> None:
        catalogue = collect(
            [Candidate("driver", "x", "a:A", "one"), Candidate("auth", "x", "a:B", "one")]
        )
        self.assertEqual(2, len([one for one in catalogue.candidates if one.state == "usable"]))

    def test_the_same_entry_seen_twice_counts_once(self) -> None:
        one = Candidate("driver", "x", "a:A", "one", "1")
        self.assertEqual((one,), collect([one, one]).candidates)

    def test_nobody_displaces_a_set_of_builtins_of_ours(self) -> None:
        catalogue = collect(
            [
                Candidate("builtin", "text", "evil:SET", "evil", "1"),
                Candidate("builtin", "text", "ours:SET", OWN_DISTRIBUTION, "1"),
            ]
        )
        self.assertEqual([OWN_DISTRIBUTION], [o.distribution for o in catalogue.usable("builtin")])


class EndpointTest(KernelTestCase):
    def test_endpoints_become_candidates(self) -> None:
        found, problems = parse_endpoints(["a=m.n:C", " b = m:C.D "])
        self.assertEqual([], problems)
        self.assertEqual(["m.n:C", "m:C.D"], [one.value for one in found])
        self.assertEqual({CONFIGURED}, {one.distribution for one in found})

    def test_malformed_endpoints_are_refused_one_by_one(self) -> None:
        bad = ["", "a", "a=", "=m:C", "a=m", "a=m:", "a=:C", "a=m n:C", "a=1m:C", "a=m:C()"]
        found, problems = parse_endpoints(bad)
        self.assertEqual([], found)
        self.assertEqual(len(bad), len(problems))
        self.assertIn("name=package.module:Class", problems[0].hint)
