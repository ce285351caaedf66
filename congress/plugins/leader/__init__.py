"""Leader strategies, one to a file; ``electorate.py`` is what they share."""
