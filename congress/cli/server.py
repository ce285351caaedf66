"""The command ``congress-server``: one node as a process.

This brings the kernel and the bus together. May import both at the top; what a role or
plugin needs (Flask, SQLAlchemy, oslo.messaging) is imported when that role or plugin is.

Signals: SIGTERM and SIGINT end the node in order, a second one ends it at once;
SIGHUP reads the options that can change; SIGUSR2 writes all stacks to stderr.
"""

import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from oslo_config import cfg

from congress.bus import make_bus
from congress.cli.workers import ApiWorkers
from congress.kernel import logs, systemd
from congress.kernel.check import check
from congress.kernel.clock import SystemClock
from congress.kernel.errors import Problems
from congress.kernel.exit_codes import ExitCode, exit_code
from congress.kernel.health import liveness
from congress.kernel.health_socket import HealthSocket
from congress.kernel.node import Node
from congress.kernel.node_lock import NodeLock
from congress.kernel.options import new_conf
from congress.kernel.options.api import further_api_processes
from congress.kernel.options.node import ROLE_FLAGS, chosen_roles
from congress.kernel.options.values import note_bad_values, note_misspelt_names
from congress.kernel.release import version
from congress.kernel.signals import Signals
from congress.kernel.threads import prepare_process, start_thread
from congress.model.diagnostic import Diagnostic, Refused, refuse
from congress.model.status import Health, State

LOG = logging.getLogger(__name__)

PROGRAM = "congress-server"

#: Seconds beyond ``shutdown_timeout`` after which the process is ended by force.
GRACE = 5.0

_STOP, _RELOAD, _FAILED = "stop", "reload", "failed"


class _Interrupted(BaseException):
    """A signal asked a node to end that was still starting."""


class ServerProcess:
    """A node with the signals, messages and exit code of a process around it."""

    def __init__(self, conf: cfg.ConfigOpts, arguments: Sequence[str]) -> None:
        self._conf = conf
        self._arguments = list(arguments)
        self._events: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._starting = True
        self._stopping = False
        self._node = Node(
            conf, make_bus=make_bus, on_failure=lambda why: self._events.put((_FAILED, why))
        )
        self._signals = Signals(
            {
                signal.SIGTERM: self._on_stop,
                signal.SIGINT: self._on_stop,
                signal.SIGHUP: lambda: self._events.put((_RELOAD, "")),
            }
        )
        self._workers = ApiWorkers(arguments, further_api_processes(conf), self._node.clock)
        self._health_socket = HealthSocket(
            conf.node.health_socket, self._node.name, self._health, self._node.threads
        )

    def run(self) -> ExitCode:
        """Start, serve until told otherwise, and stop.

        :raises Refused: if the node cannot start.
        """
        lock = NodeLock(Path(self._conf.state_path), self._node.name)
        try:
            self._health_socket.start()
            return self._live()
        finally:
            self._health_socket.stop()
            lock.release()

    def _live(self) -> ExitCode:
        faulthandler.register(signal.SIGUSR2, all_threads=True)
        self._signals.start()
        try:
            with self._signals.breakable(_Interrupted):
                self._node.start()
            self._starting = False
            self._workers.start()
        except _Interrupted:
            self._stop()
            return ExitCode.CLEAN
        if self._conf.api_worker:
            start_thread("starter", self._await_starter)
        self._announce()
        code = self._serve()
        self._stop()
        return code

    def _serve(self) -> ExitCode:
        """Wait for signals and failures, and answer them; look after the workers meanwhile."""
        interval = systemd.watchdog_interval()
        while True:
            try:
                event, reason = self._events.get(timeout=self._workers.patience(interval))
            except Empty:
                self._workers.tend()
                self._sign_of_life()
                continue
            if event == _RELOAD:
                self._reload()
            elif event == _FAILED:
                LOG.critical("the node gives up: %s", reason)
                return ExitCode.FAILURE
            else:
                return ExitCode.CLEAN

    def _stop(self) -> None:
        timeout = float(self._conf.shutdown_timeout)
        LOG.info("node %s ends within %g s", self._node.name, timeout)
        systemd.notify(systemd.STOPPING)
        faulthandler.dump_traceback_later(timeout + GRACE, exit=True)
        self._workers.ask_to_end()
        self._node.stop(timeout)
        self._workers.wait(timeout)
        faulthandler.cancel_dump_traceback_later()
        LOG.info("node %s has ended", self._node.name)

    def _announce(self) -> None:
        """Tell people and the service manager that the node serves."""
        composition = self._node.composition
        roles = ", ".join(composition.roles) if composition else ""
        urls = [url for one in self._node.services() if (url := getattr(one, "url", ""))]
        serving = f" at {urls[0]}" if urls else ""
        print(
            f"Congress {version()}: node {self._node.name} ({roles}) is serving{serving}",
            flush=True,
        )
        systemd.notify(systemd.READY)

    def _health(self) -> Mapping[str, Health]:
        """The health of all parts, and of the start itself while it lasts."""
        found = dict(self._node.health())
        if self._starting:
            found["node"] = Health(State.NOT_READY, "is starting")
        return found

    def _await_starter(self) -> None:
        """End when the process that started this one has closed its end of the pipe, or died."""
        sys.stdin.buffer.read()
        self._events.put((_STOP, ""))

    def _sign_of_life(self) -> None:
        if liveness(self._node.health()).state is State.OK:
            systemd.notify(systemd.ALIVE)

    def _reload(self) -> None:
        """Apply changed options, unless the files hold something that cannot be."""
        systemd.notify(systemd.RELOADING)
        problems = Problems()
        try:
            fresh = parse(self._arguments)
            note_bad_values(fresh, problems)
            problems.settle()
            changed = self._node.reload()
            self._workers.reload()
            names = ", ".join(sorted(f"[{group or 'DEFAULT'}] {name}" for group, name in changed))
            LOG.info("reloaded, %d options changed: %s", len(changed), names or "none")
        except (cfg.Error, Refused, SystemExit) as error:
            LOG.error("the configuration stays as it was: %s", error)  # noqa: TRY400
        systemd.notify(systemd.READY)

    def _on_stop(self) -> None:
        if self._stopping:
            os._exit(ExitCode.FAILURE)
        self._stopping = True
        self._signals.break_off()
        self._events.put((_STOP, ""))


def parse(arguments: Sequence[str]) -> cfg.ConfigOpts:
    """The options of a server, from its command line, its files and the environment.

    :raises SystemExit: for a command line that cannot be read, with code 2.
    :raises oslo_config.cfg.Error: for a file that cannot be read.
    :raises Refused: for flags that contradict each other.
    """
    conf = new_conf(cli=True)
    logs.register(conf)
    try:
        conf(list(arguments), project="congress", prog=PROGRAM, version=version())
    except SystemExit as ended:
        raise SystemExit(ExitCode.CONFIGURATION if ended.code else ExitCode.CLEAN) from None
    if conf.standalone:
        if any(conf[flag] for flag in ROLE_FLAGS.values()):
            raise refuse(
                "bad-configuration",
                "--standalone runs all roles; it cannot be combined with the flag of one",
                hint="leave out --standalone, or the flags of roles",
                where="command line",
            )
        conf.set_override("auth_strategy", "noauth")
        conf.set_override("roles", list(ROLE_FLAGS), group="node")
    if conf.api_worker:
        for role, flag in ROLE_FLAGS.items():
            conf.set_override(flag, role == "api")
        conf.set_override("id", f"{conf.node.id}-api-{conf.api_worker}", group="node")
        conf.set_override("health_socket", "", group="node")
    return conf


def check_config(conf: cfg.ConfigOpts) -> ExitCode:
    """Tell everything that is wrong with a configuration."""
    from congress.api.authority import Authority

    problems = check(conf)
    if "api" in chosen_roles(conf):
        with problems.gather():
            Authority(conf, SystemClock())
    report(problems.warnings)
    report(problems.errors)
    if problems.errors:
        return ExitCode.CONFIGURATION
    print("The configuration can be used.")
    return ExitCode.CLEAN


def report(diagnostics: Sequence[Diagnostic]) -> None:
    """Write problems for people, to stderr."""
    for diagnostic in diagnostics:
        print(diagnostic.render(), file=sys.stderr)


def run(arguments: Sequence[str]) -> ExitCode:
    """Do what the command line says, and tell how it went."""
    try:
        conf = parse(arguments)
        if conf.check_config:
            return check_config(conf)
        logs.prepare(conf, version())
        odd = Problems()
        note_misspelt_names(conf, odd)
        odd.settle()
        return ServerProcess(conf, arguments).run()
    except cfg.Error as error:
        report([Diagnostic("bad-configuration", str(error))])
        return ExitCode.CONFIGURATION
    except Refused as refusal:
        report(refusal.diagnostics)
        return exit_code(refusal)


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point of ``congress-server``."""
    prepare_process()
    code = run(sys.argv[1:] if arguments is None else arguments)
    logging.shutdown()
    left = [one for one in threading.enumerate() if not one.daemon]
    if len(left) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    # The interpreter would look through all that is left for what can be freed.
    gc.freeze()
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
