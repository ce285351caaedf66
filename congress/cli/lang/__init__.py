"""Tools for people who write policies; they ask no server and change no state but files.

The language itself is in ``congress.engine``; here are files, YAML and reports.
"""
