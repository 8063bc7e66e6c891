"""Plan an installation, run it, watch it."""
