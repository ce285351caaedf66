"""The datasources role as a plugin: it puts the parts together.

Imports the interfaces and the model only.
"""

from collections.abc import Sequence

from congress.interfaces.plugin import PluginInfo
from congress.interfaces.role import NodeRole, Service
from congress.interfaces.secrets import SecretContext, SecretStore
from congress.roles.datasource.administration import DatasourceAdministration
from congress.roles.datasource.electorate import Sightings
from congress.roles.datasource.host import HostParts
from congress.roles.datasource.settings import Settings


class DatasourcesRole(NodeRole):
    """Runs the drivers of all datasources that no other node owns."""

    @classmethod
    def describe(cls) -> PluginInfo:
        return PluginInfo(
            name="datasources",
            summary="Runs datasource drivers: publishes their tables, carries out their actions.",
        )

    def services(self) -> Sequence[Service]:
        parts = self.parts
        settings = Settings(parts.conf)
        context = SecretContext(conf=parts.conf)
        secrets: SecretStore = parts.plugins.make("secrets", settings.secrets_backend, context)
        host_parts = HostParts(
            bus=parts.bus,
            storage=parts.storage,
            plugins=parts.plugins,
            threads=parts.threads,
            clock=parts.clock,
            settings=settings,
            secrets=secrets,
            sightings=Sightings(parts.clock),
        )
        return [DatasourceAdministration(host_parts)]
