"""Sphinx configuration of the documentation."""

project = "Congress"
author = "Congress contributors"
html_theme = "alabaster"
html_theme_options = {"description": "Policy as a service", "page_width": "60em"}
exclude_patterns = []
highlight_language = "none"
nitpicky = False
