"""What of an image's inputs is another than in its newest template, as far as manifests tell."""

from collections.abc import Mapping
from importlib.metadata import version

from builder.kickstart.masking import mask
from builder.model.build import BuildOrder
from builder.model.hiding import MARK
from builder.model.kickstart import Kickstart
from builder.model.template import Manifest
from builder.registry.manifest import shown


def difference(
    before: Manifest, order: BuildOrder, kickstart: Kickstart, origin_sha256: str
) -> str:
    """Return why a template is built again whose build key is another: one line for people."""
    since = f"changed since {before.version}"
    record = mask(kickstart.text)
    variables = _variables(before.variables, shown(order.variables, kickstart.text, record))
    found = [
        _other("builder", before.tools.get("builder", ""), version("builder")),
        "the ISO" if before.iso_sha256 != origin_sha256 else "",
        variables,
        "the kickstart" if record != before.kickstart and not variables else "",
        _other("the disk's size", _gib(before), f"{order.capacity_gib} GiB"),
        _other("the compression", before.compression, order.compression),
    ]
    said = [each for each in found if each]
    unsaid = "a check, an installer argument or a secret"
    if MARK not in record:
        unsaid = "a check or an installer argument"
    return f"{since}: {', '.join(said) or unsaid}"


def _other(what: str, before: str, after: str) -> str:
    return f"{what} {before} → {after}" if before and before != after else ""


def _gib(before: Manifest) -> str:
    return f"{before.image.virtual_size / 2**30:g} GiB" if before.image else ""


def _variables(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the names of those that differ; their values may be long, or hidden."""
    names = sorted(
        name for name in {*before, *after} if before.get(name, "") != after.get(name, "")
    )
    if not names:
        return ""
    return f"the variable{'s' * (len(names) > 1)} {', '.join(names)}"
