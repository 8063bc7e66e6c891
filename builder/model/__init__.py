"""Frozen value objects: the nouns of the project, without I/O."""
