"""Which datasource drivers a node may use: ``drivers`` and ``disabled_drivers``.

May import the kernel's catalogue and errors only.

Entries are short names or class paths. The class paths under which the drivers
of earlier releases were listed stand for today's names, so that an old
configuration file means what it meant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from congress.kernel.catalogue import Candidate, CandidateState
from congress.kernel.errors import choices_hint
from congress.model.diagnostic import Diagnostic, Severity

_RETIRED_PACKAGE = "congress.datasources."

#: Module and class of the earlier drivers, to the names of their successors.
_RETIRED_CLASSES: Mapping[str, str] = {
    "aodh_driver.AodhDriver": "aodh",
    "cfgvalidator_driver.ValidatorDriver": "config",
    "cinder_driver.CinderDriver": "cinder",
    "cloudfoundryv2_driver.CloudFoundryV2Driver": "cloudfoundryv2",
    "doctor_driver.DoctorDriver": "doctor",
    "glancev2_driver.GlanceV2Driver": "glancev2",
    "heatv1_driver.HeatV1Driver": "heat",
    "ironic_driver.IronicDriver": "ironic",
    "keystone_driver.KeystoneDriver": "keystone",
    "keystonev3_driver.KeystoneV3Driver": "keystonev3",
    "mistral_driver.MistralDriver": "mistral",
    "monasca_driver.MonascaDriver": "monasca",
    "monasca_driver.MonascaWebhookDriver": "monasca_webhook",
    "murano_driver.MuranoDriver": "murano",
    "neutronv2_driver.NeutronV2Driver": "neutronv2",
    "neutronv2_qos_driver.NeutronV2QosDriver": "neutronv2_qos",
    "nova_driver.NovaDriver": "nova",
    "plexxi_driver.PlexxiDriver": "plexxi",
    "push_driver.PushDriver": "push",
    "swift_driver.SwiftDriver": "swift",
    "tacker_driver.TackerDriver": "tacker",
    "vCenter_driver.VCenterDriver": "vcenter",
    "vitrage_driver.VitrageDriver": "vitrage",
}

RETIRED: Mapping[str, str] = {
    _RETIRED_PACKAGE + path: name for path, name in _RETIRED_CLASSES.items()
}


def permit(
    candidates: Iterable[Candidate], allowed: Iterable[str], denied: Iterable[str]
) -> tuple[list[Candidate], list[Diagnostic]]:
    """The candidates, drivers that may not be used marked so, and what was odd.

    An empty ``allowed`` permits all. ``denied`` wins over ``allowed``.
    """
    listed = list(candidates)
    drivers = [candidate for candidate in listed if candidate.kind == "driver"]
    allowed = list(allowed)
    permitted, odd = _resolve(drivers, allowed, "drivers")
    refused, more = _resolve(drivers, denied, "disabled_drivers")
    marked: list[Candidate] = []
    for candidate in listed:
        reason = ""
        if candidate.kind == "driver" and candidate.name in refused:
            reason = "listed in [DEFAULT] disabled_drivers"
        elif candidate.kind == "driver" and allowed and candidate.name not in permitted:
            reason = "not listed in [DEFAULT] drivers"
        if reason:
            candidate = replace(candidate, state=CandidateState.DISABLED, reason=reason)
        marked.append(candidate)
    return marked, odd + more


def _resolve(
    drivers: list[Candidate], entries: Iterable[str], option: str
) -> tuple[set[str], list[Diagnostic]]:
    """The names that entries stand for, and a warning for each that stands for none."""
    by_path = {driver.value.replace(":", "."): driver.name for driver in drivers}
    names = {driver.name for driver in drivers}
    resolved: set[str] = set()
    odd: list[Diagnostic] = []
    for entry in entries:
        path = entry.replace(":", ".")
        name = entry if entry in names else by_path.get(path) or RETIRED.get(path)
        if name in names:
            resolved.add(str(name))
        else:
            odd.append(_unknown(entry, name, option, names))
    return resolved, odd


def _unknown(entry: str, successor: str | None, option: str, names: set[str]) -> Diagnostic:
    if successor:
        message = f"{entry!r} stands for the driver {successor!r}, which is not installed"
    else:
        message = f"there is no driver {entry!r}"
    return Diagnostic(
        "bad-configuration",
        message,
        hint=choices_hint(entry, names),
        severity=Severity.WARNING,
        where=f"[DEFAULT] {option}",
    )
