"""The command line: parse, call once, print."""

import gc

# Imports alone wake the collector dozens of times, for nothing: a tenth of a short command's time.
gc.set_threshold(50_000)
