"""Jinja2 kickstarts and variables in, kickstart text out."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import jinja2
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment

from builder.errors import KickstartError, suggest
from builder.kickstart import variables
from builder.kickstart.reports import reports
from builder.kickstart.texts import REPORTS, normal
from builder.model.build import BuildOrder
from builder.model.domain import RESULT_PORT
from builder.model.kickstart import NONCE, Kickstart, KickstartSource, LintFinding, Value

_CR = "\U0010ff0d"
"""Stands for a carriage return while jinja2 is at work, which takes each for a line's end."""
_MISSPELT = re.compile("'([A-Za-z_0-9]+)' is undefined")
# What a template can do wrong while it runs, besides what jinja2 has errors for.
_MISTAKES = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError,
)  # fmt: skip


class _Compiled(jinja2.BytecodeCache):
    """Templates as bytecode: many kickstarts are made of a few snippets."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        code = self._codes.get((bucket.key, bucket.checksum))
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def render(order: BuildOrder) -> Kickstart:
    """Fill in the order's kickstart; the same order always gives the same text.

    A user's file that does not tell the host how the installation ended gets the sections that
    do. Raises UsageError or ConfigError for variables that are unknown or refused, KickstartError
    for a template that does not render.
    """
    values = _values(order)
    context = _context(order, values)
    source = order.kickstart
    environment = _environment(source)
    try:
        text, added = _filled_in(environment, source, context), ""
        if source.own and not reports(text):
            added = "\n" + environment.get_template(REPORTS).render(context)
        _check(text)
    except (*_MISTAKES, ValueError) as error:
        raise _explain(error, source.name, known=context) from error
    return Kickstart(
        source=source.name,
        syntax=order.release.syntax,
        text=text + added,
        added=len(added),
        values=values,
        said=tuple(_said(order, values)),
    )


def _said(order: BuildOrder, values: dict[str, Value]) -> Iterator[LintFinding]:
    """Yield what is to be said of `online` where there is nothing to take packages from."""
    release, asked = order.release, "online" in order.variables
    if not values.get("online") or release.repositories:
        return
    # A profile that wants it for others finds all it needs on what is made here.
    if order.kickstart.name.endswith(".j2") and (asked or not release.made_here):
        yield LintFinding(
            line=0,
            severity="warning" if asked else "note",
            message=f"online adds nothing, for the row of {release.name} names no repositories "
            "(what needs a subscription has no address of ours): a row of your own can name some",
        )


def _check(text: str) -> None:
    """Raise ValueError for what no file in UTF-8 can hold, such as half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise ValueError(f"line {line} of what it renders is no text in UTF-8") from error


def _values(order: BuildOrder) -> dict[str, Value]:
    known = order.kickstart.variables
    layers = [
        (f"release {order.release.name}", order.release.variables),
        *order.profile.layers(order.release, order.variant),
        (variables.COMMAND_LINE, variables.convert(known, order.variables)),
    ]
    return variables.resolve(known, layers)


def _filled_in(
    environment: jinja2.Environment, source: KickstartSource, context: dict[str, object]
) -> str:
    if source.name.endswith(".j2"):
        return environment.get_template(source.name).render(context).replace(_CR, "\r")
    if source.name in source.damaged:
        raise ValueError(f"{source.name} is no text in UTF-8")
    if source.name not in source.texts:
        raise jinja2.TemplateNotFound(source.name)
    return source.texts[source.name]


def _environment(source: KickstartSource) -> jinja2.Environment:
    def load(name: str) -> tuple[str, str, None] | None:
        key = name if name in source.texts else normal(name)
        if key in source.damaged:
            raise ValueError(f"{key} is no text in UTF-8")
        return (source.texts[key].replace("\r", _CR), key, None) if key in source.texts else None

    return ImmutableSandboxedEnvironment(
        loader=jinja2.FunctionLoader(load),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_COMPILED,
        autoescape=False,  # a kickstart is no HTML; patterns guard the values
    )


def _context(order: BuildOrder, values: dict[str, Value]) -> dict[str, object]:
    return values | {
        "release": order.release,
        "profile": order.profile.name,
        "medium": order.medium,
        "firmware": order.firmware,
        "nonce": NONCE,
        "result_port": RESULT_PORT,
        "root_password_hash": order.secrets.root_password_hash,
        "user_password_hash": order.secrets.user_password_hash,
    }


def _explain(error: Exception, template: str, *, known: dict[str, object]) -> KickstartError:
    if isinstance(error, jinja2.TemplateNotFound):
        return KickstartError(
            f"{template}: there is no {error.name}.",
            hint="Check the name after include or extends.",
        )
    if isinstance(error, RecursionError):
        return KickstartError(
            f"{template} includes, extends or calls itself without end.",
            hint="If a file of yours hides ours of the same name: extend base.ks.j2.",
        )
    where = _where(error.__traceback__) or template
    if isinstance(error, jinja2.TemplateSyntaxError):
        where = f"{error.name or template}:{error.lineno}"
    misspelt = _MISSPELT.search(str(error))
    hint = suggest(misspelt[1], known) if misspelt else "Mend that line of the kickstart."
    return KickstartError(f"{where}: {error}.", hint=hint)


def _where(traceback: TracebackType | None) -> str:
    # jinja2 rewrites tracebacks: a template's frame carries that file's name and line.
    found = ""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            found = f"{Path(file).name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return found
