"""From an installed disk to a published template."""
