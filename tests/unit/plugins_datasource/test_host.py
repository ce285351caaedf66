"""The host driver over a machine of plain values."""

import unittest

import psutil

from congress.interfaces.datasource import Done, PollRequest
from congress.plugins.datasource.host import HostDriver
from congress.testing.datasource import (
    DatasourceSuite,
    PollSuite,
    complete_config,
    make_context,
    read_all,
)
from tests.unit.plugins_datasource.machine import FakeMachine, FakeProcess


class HostConformanceTest(PollSuite, DatasourceSuite, unittest.TestCase):
    driver_class = HostDriver

    def make_driver(self, probe):
        return HostDriver(self.complete_config(), probe.context, FakeMachine())


class HostCase(unittest.TestCase):
    def setUp(self):
        self.probe = make_context()
        self.machine = FakeMachine()
        self.driver = HostDriver(complete_config(HostDriver, {}), self.probe.context, self.machine)

    def rows(self, table):
        found, done = read_all(self.driver, self.probe, [table])
        self.assertTrue(done.complete, done.failed)
        names = self.driver.schema().tables[table].column_names
        return sorted(
            (dict(zip(names, row, strict=True)) for row in found[table]), key=lambda r: str(r)
        )

    def only(self, table):
        (row,) = self.rows(table)
        return row


class ProcessTest(HostCase):
    def test_unreadable_details_are_null(self):
        denied = psutil.AccessDenied(42)
        self.machine.fakes = [
            FakeProcess(
                42,
                exe=denied,
                cmdline=denied,
                cwd=PermissionError(13, "no"),
                username=KeyError("uid"),
                uids=denied,
                terminal=denied,
            )
        ]
        row = self.only("processes")
        self.assertEqual("proc42", row["name"])
        for column in ("exe", "cmdline", "cwd", "username", "uid", "effective_uid", "terminal"):
            self.assertIsNone(row[column], column)

    def test_zombie_keeps_what_is_known(self):
        gone = psutil.ZombieProcess(42)
        self.machine.fakes = [
            FakeProcess(42, status=psutil.STATUS_ZOMBIE, exe=gone, cmdline=gone, cwd=gone)
        ]
        row = self.only("processes")
        self.assertEqual(("zombie", None), (row["status"], row["exe"]))

    def test_process_that_vanishes_is_left_out(self):
        self.machine.fakes.append(FakeProcess(99, name=psutil.NoSuchProcess(99)))
        self.machine.fakes.append(FakeProcess(98, cpu_times=psutil.NoSuchProcess(98)))
        self.assertEqual([1, 42, 98], sorted(row["pid"] for row in self.rows("processes")))
        self.assertEqual([1, 42, 99], sorted(row["pid"] for row in self.rows("process_usage")))

    def test_work_does_not_change_the_row(self):
        self.machine.fakes = [FakeProcess(42, status=psutil.STATUS_SLEEPING)]
        before = self.rows("processes")
        self.machine.fakes = [
            FakeProcess(
                42,
                status=psutil.STATUS_RUNNING,
                cpu_percent=99.0,
                memory_percent=50.0,
                num_threads=90,
            )
        ]
        self.assertEqual(before, self.rows("processes"))
        self.assertEqual("running", self.only("process_usage")["state"])

    def test_bytes_that_are_no_text(self):
        self.machine.fakes = [FakeProcess(42, name="caf\udce9", cmdline=["x" * 9000])]
        row = self.only("processes")
        self.assertEqual("caf\ufffd", row["name"])
        self.assertEqual(4096, len(row["cmdline"]))

    def test_command_line_of_kernel_thread(self):
        self.machine.fakes = [FakeProcess(2, cmdline=[], exe="")]
        row = self.only("processes")
        self.assertEqual((None, None), (row["cmdline"], row["exe"]))


class SocketTest(HostCase):
    def test_listeners_with_and_without_owner(self):
        tcp, udp = self.rows("listeners")
        self.assertEqual(
            ("tcp", "ipv4", "0.0.0.0", 22, 42, "proc42", "root", 0), tuple(tcp.values())
        )
        self.assertEqual(("udp", "ipv6", "::", 53, None, None, None, None), tuple(udp.values()))

    def test_connections(self):
        tcp, udp = self.rows("connections")
        self.assertEqual(("10.0.0.9", 5555, "established"), tuple(tcp.values())[4:7])
        self.assertEqual(("10.0.0.2", 67, None), tuple(udp.values())[4:7])

    def test_owner_that_is_gone(self):
        self.machine.fakes = []
        self.assertEqual(
            (42, None), (self.rows("listeners")[0]["pid"], self.rows("listeners")[0]["process"])
        )


class RestTest(HostCase):
    def test_membership_includes_primary_groups(self):
        members = {(row["group"], row["user"]) for row in self.rows("group_members")}
        self.assertEqual({("users", "ann"), ("users", "bob")}, members)

    def test_filesystems_with_data_only(self):
        row = self.only("filesystems")
        self.assertEqual(("/", 1000, 26), (row["mount"], row["total"], row["percent"]))

    def test_space_that_cannot_be_read_is_null(self):
        self.machine.broken["space"] = PermissionError(13, "no")
        rows = {row["mount"]: row["total"] for row in self.rows("filesystems")}
        self.assertEqual({"/": None, "/proc": None}, rows)

    def test_mount_options_one_a_row(self):
        options = {(row["mount"], row["option"]) for row in self.rows("mount_options")}
        self.assertEqual({("/", "rw"), ("/", "nosuid"), ("/proc", "rw")}, options)

    def test_addresses_without_zone_or_strangers(self):
        found = {(row["family"], row["address"]) for row in self.rows("addresses")}
        self.assertEqual({("ipv4", "10.0.0.1"), ("ipv6", "fe80::1"), ("mac", "aa:bb")}, found)

    def test_host_without_os_release(self):
        row = self.only("host")
        self.assertEqual(
            ("box", None, 4, None),
            (row["hostname"], row["distribution"], row["cpus"], row["cores"]),
        )
        self.assertEqual(1600000000, row["boot_time"])


class PollTest(HostCase):
    def test_failing_table_leaves_the_others(self):
        self.machine.broken["sockets"] = psutil.AccessDenied()
        found, done = read_all(self.driver, self.probe)
        self.assertEqual({"listeners", "connections"}, set(done.failed))
        self.assertFalse(done.complete)
        self.assertIn("processes", found)
        self.assertIn("AccessDenied", done.failed["listeners"])

    def test_unwanted_tables_are_not_read(self):
        self.machine.broken["processes"] = AssertionError("processes were read")
        found, _ = read_all(self.driver, self.probe, ["users"])
        self.assertEqual({"users"}, set(found))

    def test_deadline_between_tables(self):
        deadline = self.probe.clock.monotonic() + 1
        seen = []
        for item in self.driver.poll(PollRequest(None, None, deadline, self.probe.stop)):
            seen.append(item)
            self.probe.clock.advance(0.6)
        done = seen[-1]
        self.assertIsInstance(done, Done)
        self.assertEqual(2, len(seen) - 1)
        self.assertIn("took too long", done.failed["users"])

    def test_measurements_are_lazy_unless_configured(self):
        options = {option.name: option for option in HostDriver.describe().options}
        self.assertEqual(
            {"process_usage", "connections", "interface_usage"},
            set(options["lazy_tables"].default),
        )
        self.assertEqual(10, options["poll_time"].default)
