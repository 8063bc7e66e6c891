"""Kickstarts: render and lint."""
