"""Pools and volumes that builds use."""
