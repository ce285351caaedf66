"""The check of a configuration, without running anything: ``--check-config``.

May import the kernel only. Reads files, imports the plugins that are configured
for use, and looks whether the key of the secret store can be read; connects to
nothing and creates nothing.
"""

from dataclasses import replace
from pathlib import Path

from oslo_config import cfg

from congress.interfaces.secrets import SecretContext, SecretStore
from congress.kernel.catalogue import Candidate, CandidateState
from congress.kernel.composition import inspect
from congress.kernel.errors import Problems
from congress.kernel.kinds import KINDS, option_group
from congress.kernel.options.values import note_unknown_names
from congress.kernel.plugins import NodePlugins
from congress.model.diagnostic import Refused, Severity


def check(conf: cfg.ConfigOpts) -> Problems:
    """Everything that is wrong or odd about a node's configuration."""
    problems = Problems()
    plugins = NodePlugins(conf)
    composition = inspect(conf, plugins, problems)
    for kind in KINDS:
        plugins.names(kind)
    for candidate in _configured(conf, plugins):
        if candidate.state is CandidateState.DISABLED:
            message = f"{candidate.label} has options, but must not be used: {candidate.reason}"
            problems.warn("plugin", message, where=f"[{_group(candidate)}]")
            continue
        with problems.gather():
            plugins.settings(candidate.kind, candidate.name)
    problems.note(replace(one, severity=Severity.WARNING) for one in plugins.failures())
    note_unknown_names(conf, problems)
    if "datasources" in composition.roles:
        _check_key(conf, plugins, problems)
    return problems


def _configured(conf: cfg.ConfigOpts, plugins: NodePlugins) -> list[Candidate]:
    """The plugins that have a group of their own in a configuration file."""
    sections = set(conf.list_all_sections())
    return [one for one in plugins.catalogue.candidates if _group(one) in sections]


def _group(candidate: Candidate) -> str:
    return option_group(candidate.kind, candidate.name)


def _check_key(conf: cfg.ConfigOpts, plugins: NodePlugins, problems: Problems) -> None:
    """See whether secrets can be sealed.

    A key that is not there yet is no error: the first datasource node makes it.
    """
    try:
        store: SecretStore = plugins.make("secrets", str(conf.secrets.backend), SecretContext(conf))
        store.prepare(create=False)
    except Refused as refusal:
        first = refusal.diagnostics[0]
        missing = first.code == "secret-key" and first.where and not Path(first.where).exists()
        if missing:
            problems.warn(first.code, "the key that seals secrets will be made", where=first.where)
        else:
            problems.note(refusal.diagnostics)
