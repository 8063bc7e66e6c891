"""What is asked for and a kickstart at hand has no use for."""

import re
from collections.abc import Mapping
from pathlib import Path

from builder.errors import UsageError
from builder.model.build import BuildOrder
from builder.model.kickstart import KickstartSource, Profile

_INCLUDES = re.compile(r"{%-?\s*(include|extends|import|from)\b")
_EXPRESSION = re.compile(r"{[{%].*?[%}]}", re.DOTALL)
_BY_THE_SEAL = {"seal", "seal_except"}
"""Variables that a plain kickstart has use for: the seal is added to it."""


def usable(variables: Mapping[str, str], kickstart: Path | None) -> dict[str, str]:
    """Return the variables that a kickstart at hand can use; None is the release's own."""
    template = kickstart is None or kickstart.name.endswith(".j2")
    return {name: variables[name] for name in variables if template or name in _BY_THE_SEAL}


def refuse_idle(
    file: Path | None, variables: Mapping[str, str], profile: Profile, *, root_password: bool
) -> None:
    """Raise UsageError for what a plain kickstart would leave unused: it is taken as it is."""
    if file is None or file.name.endswith(".j2"):
        return
    used = usable(variables, file).keys()
    idle = [f"the variable {name}" for name in sorted(variables.keys() - used)]
    if profile.variables.keys() - _BY_THE_SEAL:
        idle.append(f"the profile {profile.name}")
    if root_password:
        idle.append("a root password")
    if idle:
        raise UsageError(
            f"{file.name} is no template, so it cannot use {' and '.join(idle)}.",
            hint=f"Write the values into it; or call it {file.name}.j2, and use "
            "{{ hostname }}, {{ root_password_hash }} and so on there.",
        )


def refuse_unused(order: BuildOrder, *, root_password: bool = False) -> None:
    """Raise UsageError for what is asked of a user's template that mentions none of it.

    Not for what pipelines have for all of their builds.
    """
    source = order.kickstart
    if not source.own or not source.name.endswith(".j2"):
        return
    there = _expressions(source)
    asked = {name: f"the variable {name}" for name in sorted(order.variables.keys() - _BY_THE_SEAL)}
    if root_password:
        asked |= {"root_password_hash": "a root password"}
    idle = [what for name, what in asked.items() if name not in there]
    ours = order.profile.variables.keys()
    if ours and not order.checks.programs and not ours & there:
        idle.append(f"the profile {order.profile.name}")
    if idle:
        raise UsageError(
            f"{source.name} mentions nothing that could use {' and '.join(idle)}.",
            hint="Leave that out, or use it there: {{ hostname }}, {{ root_password_hash }}.",
        )


def _expressions(source: KickstartSource) -> set[str]:
    """Return the words in what jinja2 looks at in a template, and in what that may include."""
    text = source.texts[source.name]
    texts = source.texts.values() if _INCLUDES.search(text) else (text,)
    found = (each for text in texts for each in _EXPRESSION.findall(text))
    return {word for each in found for word in re.findall(r"\w+", each)}
