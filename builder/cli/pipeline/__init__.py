"""The commands of `builder pipeline`, a file for those that belong together."""
