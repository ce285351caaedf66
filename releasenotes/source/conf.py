"""Sphinx configuration of the release notes."""

project = "Congress release notes"
extensions = ["reno.sphinxext"]
html_theme = "alabaster"
