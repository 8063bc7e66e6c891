"""Paths that somebody names: judged before they are written, bounded when they are read."""
