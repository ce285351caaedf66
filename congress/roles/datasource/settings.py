"""The options this role obeys, read anew at each use because most can be reloaded.

Imports nothing of Congress; ``conf`` is the node's configuration object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oslo_config.cfg import ConfigOpts


class Settings:
    """The node's configuration, as far as it concerns datasources. All times in seconds."""

    def __init__(self, conf: ConfigOpts) -> None:
        self._conf = conf

    @property
    def sync_period(self) -> float:
        """Between two looks at storage that nobody asked for."""
        period = float(self._conf.datasource_sync_period)
        return period if period > 0 else float(self._conf.dse.safety_resync_period)

    @property
    def actions_enabled(self) -> bool:
        """Whether actions may be carried out at all."""
        return bool(self._conf.enable_execute_action)

    @property
    def deletes_driverless(self) -> bool:
        """Whether a datasource whose driver is not installed is to be deleted."""
        return bool(getattr(self._conf, "delete_missing_driver_datasources", False))

    @property
    def lease(self) -> float:
        """How long a datasource stays ours without renewal."""
        return float(self._conf.dse.lease)

    @property
    def heartbeat_interval(self) -> float:
        """How often nodes tell that they are alive."""
        return float(self._conf.dse.heartbeat_interval)

    @property
    def leader_timeout(self) -> float:
        """Silence after which a leader is given up."""
        return float(self._conf.dse.leader_timeout)

    @property
    def peer_timeout(self) -> float:
        """Silence after which a node counts as gone."""
        return float(self._conf.dse.peer_timeout)

    @property
    def leader_strategy(self) -> str:
        """The plugin that picks leaders."""
        return str(self._conf.dse.leader_strategy)

    @property
    def park_window(self) -> float:
        """How long an activation is good for after its condition has passed."""
        return float(self._conf.dse.action_park_window)

    @property
    def long_timeout(self) -> float:
        """How long a call of this role may take that waits for a driver."""
        return float(self._conf.dse.long_timeout)

    @property
    def repeats_all(self) -> bool:
        """Whether every action is to be repeated until it succeeds."""
        return bool(self._conf.dse.execute_action_retry)

    @property
    def retry_timeout(self) -> float:
        """How long a failing action is repeated; zero or less for ever."""
        return float(self._conf.dse.execute_action_retry_timeout)

    @property
    def poll_time(self) -> float:
        """Between two polls, where the datasource does not say."""
        return float(self._conf.datasources.poll_time)

    @property
    def poll_timeout(self) -> float:
        """What a poll may take, where the datasource does not say."""
        return float(self._conf.datasources.poll_timeout)

    @property
    def max_backoff(self) -> float:
        """The longest pause between two attempts."""
        return float(self._conf.datasources.max_backoff)

    @property
    def action_timeout(self) -> float:
        """What one call of an action may take."""
        return float(self._conf.datasources.action_timeout)

    @property
    def webhook_window(self) -> float:
        """How far the time of a signed webhook may be from now."""
        return float(self._conf.datasources.webhook_window)

    @property
    def audit_retention(self) -> float:
        """How long audit records are kept."""
        return float(self._conf.audit.retention)

    @property
    def ledger_retention(self) -> float:
        """How long an action that is over stays in the ledger."""
        return float(self._conf.storage.action_log_retention)

    @property
    def secrets_backend(self) -> str:
        """The plugin that seals secrets."""
        return str(self._conf.secrets.backend)

    @property
    def http_proxy(self) -> str | None:
        """The proxy for drivers' sessions, if one is set."""
        return self._conf.datasources.http_proxy or None

    @property
    def ca_file(self) -> str | None:
        """The certificate authorities for drivers' sessions, if a file is set."""
        return self._conf.datasources.ca_file or None
