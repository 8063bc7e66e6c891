"""What an error leaves of a build: nothing, what --keep keeps, or a build to go on with."""

from collections.abc import Iterator
from contextlib import contextmanager

from builder.errors import BuilderError, HostError, TemplateError
from builder.host import cleanup
from builder.recipes import joining, steps
from builder.recipes.work import Work
from builder.virt import domains


@contextmanager
def cleared(work: Work) -> Iterator[None]:
    """Clear up at the end of the block, but for what outlives the error that ends it."""

    def stays(error: BaseException) -> bool:
        return _stays(work, error)

    with cleanup.cleared(work.host, work.journal.traces, stays=stays, monitor=work.monitor):
        yield


def _stays(work: Work, error: BaseException) -> bool:
    """Tell whether what was made outlives the error. Ctrl-C means "away with everything"."""
    if isinstance(error, BuilderError) and _goes_on(work, error):
        work.journal.stop()
        on = f"`builder attach {work.journal.build_id}` goes on"
        if gone := joining.lost(work.journal.checkpoint):
            on = f"Nobody can go on with it, for {gone}"
        ways = f"{on}; `builder gc --kept` clears it."
        error.hint = f"{error.hint} {ways}".strip()
        return True
    if work.ticket.options.keep and isinstance(error, Exception):
        work.journal.keep()
        return True
    return False


def _goes_on(work: Work, error: BuilderError) -> bool:
    """Tell whether the build has come to something that the error says nothing against.

    That is an installation that has begun, where the host has failed, and a finished image where
    its clones do not come up: that can be tried again.
    """
    kept = work.journal.checkpoint
    if isinstance(error, HostError):
        return bool(steps.run_installation.result(kept)) or _has_guest(work)
    tried = steps.compress_disk.result(kept) and not steps.boot_clones.result(kept)
    return isinstance(error, TemplateError) and bool(tried)


def _has_guest(work: Work) -> bool:
    try:
        return domains.has_run(work.host.connection, work.names.domain)
    except HostError:  # nobody can tell
        return bool(steps.create_disk.result(work.journal.checkpoint))
