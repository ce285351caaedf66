"""The options that plugins bring: from ``describe()`` to a configuration group.

May import oslo.config, jsonschema and the kernel's catalogue.

A plugin's options of scope ``NODE`` stand in the group ``[<kind>_<name>]``. In a
file, lists are written ``a,b`` or as JSON, objects ``key:value,key:value`` or as
JSON.
"""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
from oslo_config import cfg, types

from congress.interfaces.plugin import Option, OptionValue, PluginInfo, Scope
from congress.kernel.kinds import option_group
from congress.model.diagnostic import Diagnostic


class JsonList(types.List):
    """A list, as comma-separated strings or as JSON."""

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str) and value.lstrip().startswith("["):
            return _parse(value)
        return super().__call__(value)

    def _formatter(self, value: Any) -> str:
        if all(isinstance(one, str) and "," not in one for one in value):
            return ",".join(value)
        return json.dumps(value)


class JsonObject(types.Dict):
    """An object, as ``key:value`` pairs or as JSON."""

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str) and value.lstrip().startswith("{"):
            return _parse(value)
        return super().__call__(value)

    def _formatter(self, value: Any) -> str:
        return json.dumps(value) if value else ""


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def make_opts(info: PluginInfo) -> list[cfg.Opt]:
    """The options that a plugin's group has.

    :raises ValueError: for an option of an unknown type.
    """
    return [_make_opt(option) for option in info.options_of(Scope.NODE)]


def register_plugin(conf: cfg.ConfigOpts, kind: str, info: PluginInfo) -> str:
    """Make a plugin's options known, and return the name of its group.

    :raises ValueError: if its declarations cannot be used.
    :raises oslo_config.cfg.Error: if another plugin has the same options in the same group.
    """
    group = option_group(kind, info.name)
    conf.register_opts(make_opts(info), group=group)
    return group


def read_settings(
    conf: cfg.ConfigOpts, kind: str, info: PluginInfo
) -> tuple[dict[str, OptionValue], list[Diagnostic]]:
    """A plugin's options as configured, by name, and what is wrong with them."""
    group = option_group(kind, info.name)
    settings: dict[str, OptionValue] = {}
    problems: list[Diagnostic] = []
    for option in info.options_of(Scope.NODE):
        where = f"[{group}] {option.name}"
        try:
            value = conf[group][_dest(option)]
        except ValueError as error:
            problems.append(_bad(_blank(str(error), option), where))
            continue
        settings[option.name] = value
        if value is None and option.required:
            problems.append(
                Diagnostic(
                    "not-configured",
                    f"the {kind} plugin {info.name!r} needs a setting",
                    hint=f"set {where}: {option.description}",
                    where=where,
                )
            )
        elif value is not None and (text := _against_schema(option, value)):
            problems.append(_bad(_blank(text, option), where))
    return settings, problems


def installed_groups() -> list[tuple[str, list[cfg.Opt]]]:
    """The groups of all installed plugins that can be loaded and have options."""
    from congress.kernel.catalogue import collect, read_installed
    from congress.kernel.kinds import KINDS
    from congress.kernel.loader import load_all

    catalogue = collect(*read_installed())
    groups: dict[str, list[cfg.Opt]] = {}
    for kind in KINDS:
        loaded, _ = load_all(catalogue.usable(kind))
        for plugin in loaded:
            if options := make_opts(plugin.info):
                groups[option_group(kind, plugin.info.name)] = options
    return sorted(groups.items())


def _make_opt(option: Option) -> cfg.Opt:
    arguments: dict[str, Any] = {
        "dest": _dest(option),
        "help": option.description,
        "default": option.default,
        "secret": option.secret,
        "mutable": option.mutable and not option.secret,
        "deprecated_opts": [cfg.DeprecatedOpt(alias) for alias in option.aliases],
        "type": _type_of(option),
    }
    if option.required:
        arguments["help"] += " Required."
    return cfg.Opt(option.name, **arguments)


def _type_of(option: Option) -> Any:
    if option.type == "string":
        return types.String(choices=list(option.choices) or None)
    if option.type == "integer":
        low, high = option.minimum, option.maximum
        return types.Integer(
            min=None if low is None else int(low), max=None if high is None else int(high)
        )
    if option.type == "number":
        return types.Float(min=option.minimum, max=option.maximum)
    if option.type == "boolean":
        return types.Boolean()
    if option.type == "list":
        return JsonList()
    if option.type == "object":
        return JsonObject()
    raise ValueError(f"option {option.name!r} has the unknown type {option.type!r}")


def _dest(option: Option) -> str:
    return option.name.replace("-", "_")


def _against_schema(option: Option, value: Any) -> str:
    """What a value lacks of what the option's JSON Schema demands."""
    schema: Mapping[str, object] = option.schema
    if not schema:
        return ""
    error = jsonschema.Draft202012Validator(dict(schema)).iter_errors(value)
    return next((found.message for found in error), "")


def _blank(text: str, option: Option) -> str:
    """A message that gives no secret away."""
    return "the value is not valid" if option.secret else text


def _bad(text: str, where: str) -> Diagnostic:
    return Diagnostic("bad-configuration", text, hint=f"correct {where}", where=where)
