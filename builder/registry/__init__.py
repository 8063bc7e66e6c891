"""The published templates: versions, channels, removal."""
