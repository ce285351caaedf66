"""The benchmark of the bus: rows on their way from data sources to readers."""
