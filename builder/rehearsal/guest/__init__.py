"""The installer that runs inside a rehearsal: standard library and pykickstart only."""
