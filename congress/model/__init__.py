"""The vocabulary every other package shares: pure data, standard library only."""
