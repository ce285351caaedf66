"""The benchmark of the REST API: ``script/bench api``."""
