"""The broker, by way of oslo.messaging. The only module here that imports it.

May import oslo.messaging, oslo.concurrency, oslo.config, and ``congress.interfaces``
and ``model``; import it only after the process has settled how it runs threads.

``cast`` and ``listen`` block while the broker is away; they are called on threads
that have nothing else to do.

Invariants: no method but ``take`` can be called from outside, its one argument is
text, and no exception travels; names on the broker contain the bus id in a form
that no other bus id has.
"""

import contextlib
import gc
import importlib
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oslo_messaging
from oslo_concurrency import lockutils
from oslo_config import cfg
from oslo_messaging import opts

from congress.interfaces.bus import Channel
from congress.model.diagnostic import refuse
from congress.plugins.bus.oslo.frame import Address, name_of
from congress.plugins.bus.oslo.link import Silence

LOG = logging.getLogger(__name__)

RABBIT = "oslo_messaging_rabbit"

#: What differs from the library's defaults; a configuration file has the last word.
#: Queues survive a broker's restart and its cluster's failover, those of nodes that
#: are gone expire soon, a broker that is away or hangs is noticed soon.
DEFAULTS: dict[str, object] = {
    "rabbit_quorum_queue": True,
    "rabbit_transient_quorum_queue": True,
    "use_queue_manager": True,
    "rabbit_transient_queues_ttl": 300,
    "rabbit_interval_max": 2,
    "kombu_reconnect_delay": 0.25,
    "heartbeat_timeout_threshold": 10,
    "heartbeat_rate": 10,
    "conn_pool_min_size": 4,
}

#: Threads that take what arrives. One for data keeps its order; requests leave
#: theirs at once, so a few are enough for control.
WORKERS = {Channel.CONTROL: 4, Channel.DATA: 1}

#: After so many casts in a row that failed, the next ones make a connection anew. Without
#: a retry the library goes on with one that is closed, however long the broker is back.
FAILURES = 3

#: Option groups that the library registers with the global configuration object only.
_FORGOTTEN = {
    "oslo_messaging_tracing": "oslo_messaging._tracing.client",
    "oslo_messaging_metrics": "oslo_messaging._metrics.client",
}


class _Endpoint:
    """What can be called from outside."""

    def __init__(self, take: Callable[[object], None]) -> None:
        self._take = take

    def take(self, context: object, frame: object = None) -> None:
        """An envelope arrived."""
        self._take(frame)


oslo_messaging.expose(_Endpoint.take)


class Broker:
    """Connects when it is first used.

    :raises Refused: the settings cannot work.
    """

    def __init__(self, conf: object, bus_id: str, node: str) -> None:
        if not isinstance(conf, cfg.ConfigOpts):
            raise refuse("not-configured", "the oslo transport needs a configuration")
        register_options(conf)
        set_defaults(conf, node)
        self._conf = conf
        self._bus = name_of(bus_id)
        self._node = node
        self._transport = _transport(conf)
        self._client = oslo_messaging.get_rpc_client(
            self._transport, oslo_messaging.Target(exchange=f"congress.{self._bus}"), retry=0
        )
        self._failures = 0
        self._closed = False

    def cast(self, address: Address, text: str) -> None:
        """Send an envelope. :raises Exception: of any kind, if it may not have left."""
        way = {"server": address.node} if address.node else {"fanout": True}
        retry = int(self._failures >= FAILURES)
        client = self._client.prepare(topic=self._topic(address.channel), retry=retry, **way)
        try:
            client.cast({}, "take", frame=text)
        except Exception:
            self._failures += 1
            raise
        if self._failures:
            self._failures = 0
            # What the library tried in vain lies about in cycles, sockets and all. There are
            # few of them, so the collector would not come by for long.
            gc.collect()

    def listen(self, channel: Channel, take: Callable[[object], None]) -> Silence:
        """See ``Link.listen``."""
        _mind_process_group(self._conf)
        server = oslo_messaging.get_rpc_server(
            self._transport,
            oslo_messaging.Target(
                exchange=f"congress.{self._bus}", topic=self._topic(channel), server=self._node
            ),
            [_Endpoint(take)],
            access_policy=oslo_messaging.ExplicitRPCAccessPolicy,
        )
        server.start(override_pool_size=WORKERS[channel])

        def silence() -> None:
            server.stop()
            server.wait()

        if self._closed:
            silence()
        return silence

    def close(self) -> None:
        """Disconnect. What still tries to listen is silenced as soon as it does."""
        self._closed = True
        with contextlib.suppress(Exception):
            self._transport.cleanup()

    def _topic(self, channel: Channel) -> str:
        return f"congress.{self._bus}.{channel}"


def register_options(conf: cfg.ConfigOpts) -> None:
    """Make the library's options known to a configuration object that is not the global one."""
    for group, options in opts.list_opts():
        if group in (None, RABBIT):
            conf.register_opts(options, group=group)
    for group, module in _FORGOTTEN.items():
        with contextlib.suppress(ModuleNotFoundError):
            conf.register_opts(getattr(importlib.import_module(module), group), group=group)


def set_defaults(conf: cfg.ConfigOpts, node: str) -> None:
    """Change the library's defaults to what Congress needs."""
    for name, value in DEFAULTS.items():
        conf.set_default(name, value, group=RABBIT)
    conf.set_default("processname", f"congress-{node}", group=RABBIT)
    if lockutils.get_lock_path(cfg.CONF) is None:
        folder = Path(str(conf.state_path)) if "state_path" in conf else Path(tempfile.gettempdir())
        lockutils.set_defaults(str(folder / "locks"))


def _mind_process_group(conf: cfg.ConfigOpts) -> None:
    """Do without the queue manager if it would fail.

    It reads the start time of the leader of the process group, and a server that was
    started by a script which has ended has none.
    """
    if not Path(f"/proc/{os.getpgrp() or os.getpid()}/stat").exists():
        LOG.info("the process group has no leader: names of queues are made at random")
        conf.set_default("use_queue_manager", False, group=RABBIT)


def _transport(conf: cfg.ConfigOpts) -> Any:
    try:
        return oslo_messaging.get_rpc_transport(conf)
    except (oslo_messaging.MessagingException, RuntimeError, ValueError) as error:
        LOG.debug("the messaging library refuses its settings", exc_info=True)
        raise refuse(
            "bad-configuration",
            f"the messaging service cannot be used as configured ({type(error).__name__})",
            hint=f"correct transport_url, as in rabbit://user:password@host:5672/, and [{RABBIT}]",
            where="[DEFAULT] transport_url",
        ) from None
