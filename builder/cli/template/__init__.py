"""The commands of `builder template`, a module for each theme."""
