"""Tests of the leader strategies."""
