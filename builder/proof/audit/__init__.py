"""A finished disk's files, judged."""
