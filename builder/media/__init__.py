"""Installer media: fetched, staged, remastered."""
