"""The rules of authorisation: who may do what, unless the operator says otherwise.

May import oslo.policy; the list with routes, for documentation, reads the application.

Invariant: every rule that a route names is in ``RULES``, and each follows one or more of
the four rules of earlier releases. So an operator who overrides one of those decides about
all that follow it, and one who overrides a rule by its own name about that alone.
"""

from collections.abc import Sequence

from oslo_policy.policy import DocumentedRuleDefault, RuleDefault

#: The scopes of tokens that rules are asked about; others are refused everywhere.
SCOPES = ["system", "project"]

READ = "get_v1"
CREATE = "create_v1"
UPDATE = "update_v1"
DELETE = "delete_v1"
ANYBODY = "regular_user"

#: What the rules are made of. All but ``auditor`` are names of earlier releases.
FOUNDATIONS = (
    RuleDefault("context_is_admin", "role:admin", "The administrator."),
    RuleDefault("admin_only", "rule:context_is_admin", "Another name for the administrator."),
    RuleDefault(
        "auditor",
        "role:reader and system_scope:all",
        "Sees everything and changes nothing. Congress shows the data of all projects, hence "
        "the role reader in one project is not enough.",
    ),
    RuleDefault(ANYBODY, "", "Everybody who is authenticated."),
    RuleDefault("default", "rule:admin_only", "What the four rules below follow."),
    RuleDefault(READ, "rule:default or rule:auditor", "Requests that change nothing."),
    RuleDefault(CREATE, "rule:default", "Requests that create or do something (POST)."),
    RuleDefault(UPDATE, "rule:default", "Requests that change something (PUT, PATCH)."),
    RuleDefault(DELETE, "rule:default", "Requests that delete something (DELETE)."),
)


#: What bringing rows into a table takes, and what taking them out does.
PUT_ROWS, TAKE_ROWS = "datasource:row:create", "datasource:row:delete"

#: What bringing rules into a policy takes, by whichever route, and what replacing them.
ADD_RULE = "policy:rule:create"
EXCHANGE = (ADD_RULE, "policy:rule:delete")


def _rule(name: str, followed: str | Sequence[str], description: str) -> RuleDefault:
    """A rule of a route, which those pass who pass all that it follows."""
    names = [followed] if isinstance(followed, str) else followed
    check = " and ".join(f"rule:{name}" for name in names)
    return RuleDefault(name, check, description, scope_types=SCOPES)


RULES = (
    _rule("version:show", ANYBODY, "Show the version of the API and its description."),
    _rule("policy:list", READ, "List policies."),
    _rule("policy:show", READ, "Show a policy."),
    _rule("policy:create", CREATE, "Create a policy. Its rules take the right to add rules, too."),
    _rule("policy:update", UPDATE, "Change a policy. New rules take the rights to them, too."),
    _rule(
        "policy:apply",
        ("policy:create", "policy:update", "policy:delete", *EXCHANGE),
        "Let policies be as a file describes them.",
    ),
    _rule("policy:delete", DELETE, "Delete a policy and its rules."),
    _rule("policy:status:show", READ, "Show the status of a policy."),
    _rule("policy:simulate", READ, "Ask what would hold after changes that are not made."),
    _rule("policy:explain", READ, "Ask why something holds, or why it does not."),
    _rule("policy:execute", "datasource:execute", "Run an action, named through a policy."),
    _rule("policy:rule:list", READ, "List the rules of a policy."),
    _rule("policy:rule:show", READ, "Show a rule."),
    _rule("policy:rule:create", CREATE, "Add a rule to a policy."),
    _rule("policy:rule:update", (UPDATE, ADD_RULE), "Change a rule."),
    _rule("policy:rule:delete", DELETE, "Delete a rule."),
    _rule("policy:rule:status:show", READ, "Show the status of a rule."),
    _rule("policy:schema:show", READ, "Show the tables of a policy with columns."),
    _rule("policy:table:list", READ, "List the tables of a policy."),
    _rule("policy:table:show", READ, "Show a table of a policy."),
    _rule("policy:row:list", READ, "List the rows of a table of a policy."),
    _rule("datasource:list", READ, "List data sources, without their secrets."),
    _rule("datasource:show", READ, "Show a data source, without its secrets."),
    _rule("datasource:create", CREATE, "Create a data source."),
    _rule("datasource:update", UPDATE, "Change a data source and its configuration."),
    _rule("datasource:delete", DELETE, "Delete a data source."),
    _rule("datasource:status:show", READ, "Show how a data source fares."),
    _rule("datasource:schema:show", READ, "Show the tables of a data source with columns."),
    _rule("datasource:table:list", READ, "List the tables of a data source."),
    _rule("datasource:table:show", READ, "Show a table of a data source."),
    _rule("datasource:row:list", READ, "List the rows of a table of a data source."),
    _rule(PUT_ROWS, CREATE, "Put rows into a table of a data source."),
    _rule(TAKE_ROWS, DELETE, "Take rows out of a table of a data source."),
    _rule("datasource:row:update", (UPDATE, PUT_ROWS, TAKE_ROWS), "Do both at once."),
    _rule("datasource:row:replace", UPDATE, "Replace the rows of a table of a data source."),
    _rule("datasource:webhook", CREATE, "Send a data source a notification."),
    _rule("datasource:action:list", READ, "List what a data source can do."),
    _rule("datasource:execute", CREATE, "Run an action of a data source."),
    _rule("datasource:request-refresh", CREATE, "Have a data source read its service soon."),
    _rule("driver:list", READ, "List the installed drivers."),
    _rule("driver:show", READ, "Show a driver with its options."),
    _rule("library:list", READ, "List the policies of the library."),
    _rule("library:show", READ, "Show a policy of the library."),
    _rule("library:create", CREATE, "Add a policy to the library."),
    _rule("library:load", CREATE, "Read the files of the library again."),
    _rule("library:update", UPDATE, "Change a policy of the library."),
    _rule("library:delete", DELETE, "Delete a policy from the library."),
    _rule("ledger:list", READ, "List the actions that were asked for."),
    _rule("ledger:mark-done", CREATE, "Say that an action that is in doubt was executed."),
    _rule("ledger:retry", CREATE, "Have an action that is in doubt or failed executed again."),
    _rule("ledger:cancel", CREATE, "Have an action that waits not executed."),
    _rule("system:status", READ, "Show how the nodes of this Congress fare."),
    _rule("system:metrics", READ, "Read the same as metrics."),
    _rule("audit:list", READ, "List who wrote what, and what came of it."),
)

#: Rules of requests that change nothing.
READS = frozenset(
    rule.name for rule in RULES if rule.check_str in (f"rule:{READ}", f"rule:{ANYBODY}")
)

DEFAULTS = (*FOUNDATIONS, *RULES)


def list_rules() -> Sequence[RuleDefault]:
    """All rules, those of routes with their routes.

    For ``oslopolicy-sample-generator`` and the other tools of oslo.policy (entry point
    ``oslo.policy.policies``).
    """
    from congress.api.access import operations
    from congress.api.app import make_routes

    routes = operations(make_routes())
    documented = [
        DocumentedRuleDefault(
            rule.name,
            rule.check_str,
            rule.description or "",
            [{"method": method, "path": path} for method, path in routes[rule.name]],
            scope_types=rule.scope_types,
        )
        for rule in RULES
    ]
    return [*FOUNDATIONS, *documented]
