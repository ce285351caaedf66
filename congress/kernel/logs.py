"""Logging of a server process, through oslo.log.

May import oslo.log and oslo.config. Called by entry points only: a library that
sets up logging takes it out of its user's hands.
"""

import logging
from collections.abc import Mapping

from oslo_config import cfg
from oslo_log import log

PRODUCT = "congress"

#: Libraries that tell more of themselves than an operator wants to know. That of the broker
#: warns of every message that comes while it says goodbye.
QUIET = ("alembic=WARN", "amqp=ERROR", "waitress=WARN")


def register(conf: cfg.ConfigOpts) -> None:
    """Make oslo.log's options known, before the command line is read."""
    log.register_options(conf)
    conf.set_default("default_log_levels", [*log.get_default_log_levels(), *QUIET])


def prepare(conf: cfg.ConfigOpts, version: str) -> None:
    """Begin to log as configured, and keep following ``debug`` and ``verbose``.

    Unless told otherwise to stderr: stdout is for what a person asked for.
    """
    elsewhere = (conf.log_file, conf.log_dir, conf.use_journal, conf.use_syslog)
    if not any(elsewhere):
        conf.set_default("use_stderr", True)
    log.setup(conf, PRODUCT, version)
    logging.getLogger("oslo_config.cfg").addFilter(_shows_no_value)
    _apply_verbose(conf)
    conf.register_mutate_hook(lambda changed, _changes: _apply_verbose(changed))


def _shows_no_value(record: logging.LogRecord) -> bool:
    """Not the line with the old and the new value of an option that was changed: it shows
    secrets, too. Who reloads tells what changed."""
    return not (isinstance(record.args, Mapping) and "new_val" in record.args)


def _apply_verbose(conf: cfg.ConfigOpts) -> None:
    """What ``verbose`` meant before oslo.log dropped it."""
    if not conf.debug:
        logging.getLogger().setLevel(logging.INFO if conf.verbose else logging.WARNING)
