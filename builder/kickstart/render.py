"""Jinja2 kickstarts and variables in, kickstart text out; the only place that knows jinja2."""

import re
from pathlib import Path
from types import TracebackType

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from builder.errors import KickstartError, suggest
from builder.kickstart import variables
from builder.kickstart.folders import folders
from builder.model.domain import RESULT_PORT
from builder.model.kickstart import Kickstart, OwnKickstart, Profile, RenderOptions
from builder.model.release import Release
from builder.releases.catalogue import find_medium

_REPORTS = "snippets/reports.ks.j2"
_NONCE = re.compile("[A-Za-z0-9-]{1,64}")
_MISSPELT = re.compile("'([A-Za-z_0-9]+)' is undefined")
# What a template can do wrong while it runs, besides what jinja2 has errors for.
_MISTAKES = (
    jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError,
)  # fmt: skip


def render(
    release: Release,
    profile: Profile,
    options: RenderOptions,
    *,
    file: OwnKickstart | None = None,
    own: Path | None = None,
) -> Kickstart:
    """Fill in the kickstart of `release`, or `file`; the same input always gives the same text.

    `own` is a folder of the user's, searched before ours. A file that does not tell the host how
    the installation ended gets the sections that do. Raises UsageError or ConfigError for
    variables that are unknown or refused, KickstartError for a template that does not render.
    """
    context = _context(release, profile, options, own)
    source = file.name if file else release.kickstart
    environment = _environment(own, file)
    try:
        text = _filled_in(environment, source, context)
        if file and RESULT_PORT not in text:
            text += "\n" + environment.get_template(_REPORTS).render(context)
    except (*_MISTAKES, ValueError) as error:
        raise _explain(error, source, known=context) from error
    return Kickstart(source=source, syntax=release.syntax, text=text)


def values(
    release: Release, profile: Profile, options: RenderOptions, *, own: Path | None = None
) -> dict[str, object]:
    """Return what each variable comes to. Raises UsageError or ConfigError."""
    known = variables.declared(own)
    layers = [
        (f"release {release.name}", release.variables),
        (f"profile {profile.name}", profile.variables),
        (variables.COMMAND_LINE, variables.convert(known, options.variables)),
    ]
    return dict(variables.resolve(known, layers))


def _filled_in(environment: jinja2.Environment, source: str, context: dict[str, object]) -> str:
    if source.endswith(".j2"):
        return environment.get_template(source).render(context)
    loader = environment.loader
    assert loader is not None  # noqa: S101  # we made it
    return loader.get_source(environment, source)[0]


def _environment(own: Path | None, file: OwnKickstart | None) -> jinja2.Environment:
    given = jinja2.FunctionLoader(
        lambda name: (file.text, file.name, None) if file and name == file.name else None
    )
    return ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader([given, jinja2.FileSystemLoader(folders(own))]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # a kickstart is no HTML; patterns guard the values
    )


def _context(
    release: Release, profile: Profile, options: RenderOptions, own: Path | None
) -> dict[str, object]:
    if not _NONCE.fullmatch(options.nonce):
        raise KickstartError(
            f"{options.nonce!r} cannot be a nonce.", hint="Use letters, digits, -."
        )
    return values(release, profile, options, own=own) | {
        "release": release,
        "profile": profile.name,
        "medium": find_medium(release, options.medium),
        "firmware": options.firmware,
        "nonce": options.nonce,
        "result_port": RESULT_PORT,
        "root_password_hash": options.secrets.root_password_hash,
        "user_password_hash": options.secrets.user_password_hash,
    }


def _explain(error: Exception, template: str, *, known: dict[str, object]) -> KickstartError:
    if isinstance(error, jinja2.TemplateNotFound):
        return KickstartError(
            f"{template}: there is no {error.name}.",
            hint="Check the name after include or extends.",
        )
    if isinstance(error, RecursionError):
        return KickstartError(
            f"{template} includes or extends itself.",
            hint="A file of yours hides ours of the same name: extend base.ks.j2.",
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
