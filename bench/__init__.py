"""Measurements of Congress beside its peers; run by ``script/bench``."""
