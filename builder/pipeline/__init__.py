"""Many builds from one file."""
