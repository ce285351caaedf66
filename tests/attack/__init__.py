"""Attacks, each tried: ``doc/source/security/threat-model.rst`` names one for every line."""
