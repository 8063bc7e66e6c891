"""A bill of materials: what is in an image, in the words that scanners understand (CycloneDX)."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from builder.errors import HostError, TemplateError
from builder.model.package import Package, System
from builder.model.template import ImageFacts, Manifest

if TYPE_CHECKING:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component
    from packageurl import PackageURL

_VENDORS = {"rhel": "redhat"}
"""Namespaces of purls, where they differ from ID in os-release."""


def sbom(manifest: Manifest) -> str:
    """Return the image's bill of materials as CycloneDX 1.6 JSON; the same for the same image.

    Raises HostError where the library for it is missing, and TemplateError for a manifest that
    does not tell packages apart.
    """
    try:
        from cyclonedx.output import make_outputter
        from cyclonedx.schema import OutputFormat, SchemaVersion
    except ImportError as error:
        raise HostError(
            "The library that writes bills of materials is not installed.",
            hint="`pip install cyclonedx-python-lib` does that, where builder is installed.",
        ) from error
    outputter = make_outputter(_bom(manifest), OutputFormat.JSON, SchemaVersion.V1_6)
    return outputter.output_as_string(indent=2) + "\n"


def _bom(manifest: Manifest) -> "Bom":
    from cyclonedx.model.bom import Bom

    image, system = _complete(manifest)
    parts = [_system(system), *_packages(manifest.packages, system)]
    described = _image(manifest, image)
    bom = Bom(
        # Of the same bytes there is one bill.
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sha256:{image.sha256}"),
        metadata=_metadata(manifest, described),
        components=parts,
    )
    bom.register_dependency(described, parts)
    return bom


def _complete(manifest: Manifest) -> tuple[ImageFacts, System]:
    image, system, packages = manifest.image, manifest.system, manifest.packages
    named = system is not None and system.id and packages and all(each.kind for each in packages)
    if image is None or system is None or not named:
        raise TemplateError(
            f"The manifest of {manifest.name} {manifest.version} does not tell what is in it"
            " precisely enough for a bill of materials.",
            hint="An older builder wrote it: build it again with --force.",
        )
    return image, system


def _metadata(manifest: Manifest, described: "Component") -> "BomMetaData":
    from cyclonedx.model.bom import BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    ours = version("builder")
    tool = Component(
        type=ComponentType.APPLICATION, name="builder", version=ours, bom_ref=f"builder@{ours}"
    )
    return BomMetaData(
        timestamp=datetime.fromisoformat(manifest.created),
        tools=ToolRepository(components=[tool]),
        component=described,
    )


def _image(manifest: Manifest, image: ImageFacts) -> "Component":
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        type=ComponentType.FILE,
        name=f"{manifest.name}-{manifest.version}.qcow2",
        version=manifest.version,
        bom_ref=f"sha256:{image.sha256}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=image.sha256)],
    )


def _system(system: System) -> "Component":
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=system.id,
        version=system.version_id or None,
        description=system.pretty_name or None,
        cpe=system.cpe_name or None,
        bom_ref=f"os:{system.id}@{system.version_id}",
    )


def _packages(packages: tuple[Package, ...], system: System) -> Iterator["Component"]:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import DisjunctiveLicense

    for package in dict.fromkeys(packages):
        purl = _purl(package, system)
        yield Component(
            name=package.name,
            version=package.version,
            purl=purl,
            bom_ref=purl.to_string(),
            licenses=[DisjunctiveLicense(name=package.license)] if package.license else None,
        )


def _purl(package: Package, system: System) -> "PackageURL":
    """Return the package's URL: https://github.com/package-url/purl-spec, types rpm and deb.

    `upstream` is no part of that specification: by the source, which several scanners read there,
    distributions file what is wrong with a package.
    """
    from packageurl import PackageURL

    epoch, _, rest = package.version.rpartition(":")
    qualifiers = {
        "arch": package.arch,
        "distro": f"{system.id}-{system.version_id}".rstrip("-"),
        "upstream": package.source,
        "epoch": epoch if package.kind == "rpm" else "",
    }
    return PackageURL(
        type=package.kind,
        namespace=_VENDORS.get(system.id, system.id).lower(),
        name=package.name,
        version=rest if package.kind == "rpm" else package.version,
        qualifiers={key: value for key, value in qualifiers.items() if value},
    )
