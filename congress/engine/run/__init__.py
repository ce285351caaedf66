"""Evaluates rules over rows, and answers questions about the result."""
