"""Tests of the policies that come with Congress."""
