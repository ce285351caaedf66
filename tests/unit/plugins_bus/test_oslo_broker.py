"""The broker by way of oslo.messaging: its settings, and its driver for tests."""

import contextlib
import gc
import tempfile
import threading
import unittest
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from oslo_config import cfg

from congress.interfaces.bus import Channel
from congress.kernel.options import new_conf
from congress.kernel.threads import prepare_process
from congress.model.diagnostic import Refused
from congress.plugins.bus.oslo.frame import Address


class Left:
    """What refers to itself, and so stays until the collector comes by."""

    itself: "Left"


class BrokerCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        prepare_process()
        from congress.plugins.bus.oslo import broker

        cls.module = broker

    def make_conf(self, url: str = "fake://", text: str = "") -> cfg.ConfigOpts:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        file = folder / "congress.conf"
        file.write_text(f"[DEFAULT]\ntransport_url = {url}\nstate_path = {folder}\n{text}")
        conf = new_conf()
        conf(["--config-file", str(file)], project="congress")
        return conf


class SettingsTest(BrokerCase):
    def test_defaults_are_for_clusters_and_a_file_overrides_them(self) -> None:
        text = (
            "[oslo_messaging_rabbit]\nrabbit_quorum_queue = false\nssl = true\nssl_ca_file = /ca\n"
        )
        conf = self.make_conf(text=text)
        self.module.Broker(conf, "bus", "pe-1")
        rabbit = conf.oslo_messaging_rabbit
        self.assertTrue(rabbit.rabbit_transient_quorum_queue)
        self.assertTrue(rabbit.use_queue_manager)
        self.assertEqual("congress-pe-1", rabbit.processname)
        self.assertEqual(2, rabbit.rabbit_interval_max)
        self.assertFalse(rabbit.rabbit_quorum_queue)
        self.assertEqual((True, "/ca"), (rabbit.ssl, rabbit.ssl_ca_file))

    def test_nodes_of_one_process_keep_their_settings_apart(self) -> None:
        confs = [self.make_conf(), self.make_conf()]
        for number, conf in enumerate(confs):
            self.module.Broker(conf, "bus", f"n{number}")
        names = [conf.oslo_messaging_rabbit.processname for conf in confs]
        self.assertEqual(["congress-n0", "congress-n1"], names)

    def test_settings_that_cannot_work_are_refused_without_the_password(self) -> None:
        for url in ("nosuch://user:secret@host/", "user:secret@host", "rabbit://u:secret@h:port/"):
            with self.subTest(url), self.assertRaises(Refused) as caught:
                self.module.Broker(self.make_conf(url), "bus", "a")
            self.assertEqual("bad-configuration", caught.exception.code)
            self.assertNotIn("secret", str(caught.exception.diagnostics))
        with self.assertRaises(Refused):
            self.module.Broker(None, "bus", "a")

    def test_the_queue_manager_is_left_out_if_it_would_fail(self) -> None:
        conf = self.make_conf()
        broker = self.module.Broker(conf, "bus", "a")
        with mock.patch("os.getpgrp", return_value=2**22 + 1):
            silence = broker.listen(Channel.DATA, lambda text: None)
        self.addCleanup(broker.close)
        self.addCleanup(silence)
        self.assertFalse(conf.oslo_messaging_rabbit.use_queue_manager)

    def test_only_one_method_can_be_called_from_outside(self) -> None:
        from oslo_messaging import ExplicitRPCAccessPolicy

        endpoint = self.module._Endpoint(lambda text: None)
        policy = ExplicitRPCAccessPolicy()
        allowed = [name for name in dir(endpoint) if policy.is_allowed(endpoint, name)]
        self.assertEqual(["take"], allowed)


class ReconnectingTest(BrokerCase):
    def test_casts_that_fail_again_and_again_connect_anew(self) -> None:
        broker = self.module.Broker(self.make_conf(), "bus", "a")
        client = mock.Mock()
        with mock.patch.object(broker, "_client", client):
            for outcome in (*[OSError("closed")] * 4, None, None):
                client.prepare.return_value.cast.side_effect = outcome
                with contextlib.suppress(OSError):
                    broker.cast(Address(Channel.DATA, "b"), "text")
        retries = [call.kwargs["retry"] for call in client.prepare.call_args_list]
        self.assertEqual([0, 0, 0, 1, 1, 0], retries)

    def test_what_was_tried_in_vain_is_freed_once_something_works(self) -> None:
        broker = self.module.Broker(self.make_conf(), "bus", "a")
        left: list[weakref.ReferenceType[Left]] = []

        def fail(*_: object, **__: object) -> None:
            tried = Left()
            tried.itself = tried
            left.append(weakref.ref(tried))
            raise OSError("refused")

        client = mock.Mock()
        gc.disable()
        self.addCleanup(gc.enable)
        with mock.patch.object(broker, "_client", client):
            for outcome in (fail, fail, None):
                client.prepare.return_value.cast.side_effect = outcome
                with contextlib.suppress(OSError):
                    broker.cast(Address(Channel.DATA, "b"), "text")
        self.assertEqual([None, None], [one() for one in left])


class DriverTest(BrokerCase):
    def test_what_is_cast_is_taken(self) -> None:
        taken: list[tuple[str, Channel, object]] = []
        changed = threading.Condition()
        silences: list[Callable[[], None]] = []
        brokers = {node: self.module.Broker(self.make_conf(), "bus", node) for node in "ab"}
        for node, broker in brokers.items():
            for channel in Channel:

                def take(text: object, n: str = node, c: Channel = channel) -> None:
                    with changed:
                        taken.append((n, c, text))
                        changed.notify_all()

                silences.append(broker.listen(channel, take))
        brokers["a"].cast(Address(Channel.CONTROL), "to all")
        brokers["a"].cast(Address(Channel.DATA, "b"), "to b")
        expected = {
            ("a", Channel.CONTROL, "to all"),
            ("b", Channel.CONTROL, "to all"),
            ("b", Channel.DATA, "to b"),
        }
        with changed:
            self.assertTrue(changed.wait_for(lambda: len(taken) >= 3, 10))
        self.assertEqual(expected, set(taken))
        brokers["a"].cast(Address(Channel.DATA, "c"), "to nobody")
        with ThreadPoolExecutor() as pool:
            for silence in silences:
                pool.submit(silence)
        for broker in brokers.values():
            broker.close()

    def test_who_begins_to_listen_after_closing_hears_nothing(self) -> None:
        taken: list[object] = []
        broker = self.module.Broker(self.make_conf(), "bus", "d")
        broker.close()
        broker.listen(Channel.DATA, taken.append)
        broker.cast(Address(Channel.DATA, "d"), "x")
        self.assertEqual([], taken)
