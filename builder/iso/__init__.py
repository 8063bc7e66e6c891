"""Installer media: fetch, stage, inspect, remaster."""
