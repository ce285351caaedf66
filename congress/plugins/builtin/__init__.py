"""The builtin predicates that come with Congress, one set per module."""
