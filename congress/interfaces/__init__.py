"""What plugins are: one file per kind, with the contract in prose.

May import the standard library and ``congress.model`` only (libraries for type
annotations alone). A plugin needs nothing of Congress but these two packages.
"""
