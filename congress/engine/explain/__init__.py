"""Why a row is there, or why it is not, worked out when somebody asks.

May import ``congress.engine`` below the facade and ``congress.model`` only.
Nothing here takes part in evaluation, and evaluation keeps nothing for it: an
explanation is found by searching the rules and rows of one state that stays as
it is.

Invariant: what is told is true in that state. Where a bound ends the search, the
explanation says so instead of guessing.
"""
