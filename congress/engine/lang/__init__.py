"""From text to checked, resolved rules. Imports ``congress.model``, and the order of goals."""
