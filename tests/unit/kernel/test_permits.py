"""Which drivers may be used."""

import unittest

from congress.kernel.catalogue import Candidate
from congress.kernel.permits import RETIRED, permit

DRIVERS = [
    Candidate(
        "driver", name, f"congress.plugins.datasource.{name}:{name.title()}Driver", "congress"
    )
    for name in ("file", "host", "neutronv2")
]
OTHER = Candidate("bus", "oslo", "x:Y", "congress")


class PermitTest(unittest.TestCase):
    def permitted(self, allowed: list[str], denied: list[str]) -> tuple[set[str], list[str]]:
        marked, odd = permit([*DRIVERS, OTHER], allowed, denied)
        self.assertEqual(len(DRIVERS) + 1, len(marked))
        names = {one.name for one in marked if one.state == "usable"}
        self.assertIn("oslo", names)
        return names - {"oslo"}, [problem.render() for problem in odd]

    def test_empty_lists_permit_everything(self) -> None:
        self.assertEqual(({"file", "host", "neutronv2"}, []), self.permitted([], []))

    def test_short_names_and_class_paths(self) -> None:
        path = "congress.plugins.datasource.host.HostDriver"
        self.assertEqual(({"file", "host"}, []), self.permitted(["file", path], []))
        self.assertEqual(({"host"}, []), self.permitted([path.replace(".HostD", ":HostD")], []))

    def test_the_retired_class_path_of_the_manual_works(self) -> None:
        path = "congress.datasources.neutronv2_driver.NeutronV2Driver"
        self.assertEqual(({"neutronv2"}, []), self.permitted([path], []))

    def test_a_retired_class_path_without_successor_warns_and_permits_nothing_else(self) -> None:
        path = "congress.datasources.glancev2_driver.GlanceV2Driver"
        names, odd = self.permitted([path], [])
        self.assertEqual(set(), names)
        self.assertIn("'glancev2', which is not installed", odd[0])

    def test_unknown_entries_warn_with_the_choices(self) -> None:
        names, odd = self.permitted(["hots", "file"], ["nosuch"])
        self.assertEqual({"file"}, names)
        self.assertIn("did you mean 'host'? valid are: file, host, neutronv2", odd[0])
        self.assertIn("[DEFAULT] disabled_drivers", odd[1])

    def test_denial_wins(self) -> None:
        self.assertEqual(({"host"}, []), self.permitted(["file", "host"], ["file"]))
        self.assertEqual(({"host", "neutronv2"}, []), self.permitted([], ["file"]))

    def test_reasons_are_given(self) -> None:
        marked, _ = permit(DRIVERS, ["file"], ["host"])
        reasons = {one.name: one.reason for one in marked}
        self.assertEqual("", reasons["file"])
        self.assertIn("disabled_drivers", reasons["host"])
        self.assertIn("not listed", reasons["neutronv2"])

    def test_all_drivers_of_old_have_a_name(self) -> None:
        self.assertEqual(23, len(RETIRED))
        self.assertEqual(len(RETIRED), len(set(RETIRED.values())))
