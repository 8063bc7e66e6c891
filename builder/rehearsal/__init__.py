"""The rehearsal medium: a small installer ISO made of the host's distribution."""
