"""The commands of ``congress``, one file per resource, and what they have in common.

Command modules are all imported at every start, for their names and help texts,
so they import nothing that is slow.
"""
