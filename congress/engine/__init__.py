"""Datalog without I/O: policies and rows in, derived rows and desired actions out.

May import the standard library and ``congress.model`` only. This file is the
whole interface; what lies beneath it may change.
"""

from congress.engine.edits import (
    CreatePolicy,
    DeleteRules,
    DropPolicy,
    Edit,
    InsertRules,
    ReplaceTables,
    SetSchema,
    Tick,
    UpdateTable,
)
from congress.engine.explain.plain import explanation_to_plain
from congress.engine.explain.text import explanation_to_text
from congress.engine.explain.tree import DEEPEST, Bounds, Explanation, Standing
from congress.engine.facade import Engine
from congress.engine.lang.ast import Event, Rule, Statement, Variable
from congress.engine.lang.identity import parse_one, pretty_rule, rule_fingerprint
from congress.engine.lang.layout import lay_out
from congress.engine.lang.parser import parse
from congress.engine.lang.policy_names import valid_policy_name
from congress.engine.lang.printer import (
    print_literal,
    print_row,
    print_statement,
    print_value,
)
from congress.engine.results import (
    Answers,
    Changes,
    LiteralCoverage,
    RejectedRow,
    RuleCoverage,
    RuleState,
    RuleStatus,
    Simulation,
)
from congress.engine.run.budget import Limits
from congress.engine.steps import edit_from_plain
from congress.engine.watch import Watch

__all__ = [
    "DEEPEST",
    "Answers",
    "Bounds",
    "Changes",
    "CreatePolicy",
    "DeleteRules",
    "DropPolicy",
    "Edit",
    "Engine",
    "Event",
    "Explanation",
    "InsertRules",
    "Limits",
    "LiteralCoverage",
    "RejectedRow",
    "ReplaceTables",
    "Rule",
    "RuleCoverage",
    "RuleState",
    "RuleStatus",
    "SetSchema",
    "Simulation",
    "Standing",
    "Statement",
    "Tick",
    "UpdateTable",
    "Variable",
    "Watch",
    "edit_from_plain",
    "explanation_to_plain",
    "explanation_to_text",
    "lay_out",
    "parse",
    "parse_one",
    "pretty_rule",
    "print_literal",
    "print_row",
    "print_statement",
    "print_value",
    "rule_fingerprint",
    "valid_policy_name",
]
