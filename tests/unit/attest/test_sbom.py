"""Bills of materials, judged by their format's own schema."""

import json
import sys
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion

from builder.attest.sbom import sbom
from builder.errors import HostError, TemplateError
from builder.model.package import Package, System
from tests.values import Golden, image, manifest


def flaw(text: str) -> object:
    """Return what the format's schema has against a bill."""
    # To import it takes seconds, of each process that only looks for tests.
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def bill(*packages: Package, system: System) -> dict[str, Any]:
    text = sbom(manifest(packages=packages, system=system))
    assert flaw(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_whole_bill(golden: Golden) -> None:
    text = sbom(manifest())
    assert flaw(text) is None
    golden("supply/centos7.cdx.json", text)
    assert sbom(manifest()) == text


def test_another_image_has_another_serial_number() -> None:
    texts = {sbom(manifest(image=image(sha256=digit * 64))) for digit in "ab"}
    assert len({json.loads(text)["serialNumber"] for text in texts}) == 2


CENTOS, DEBIAN = System(id="centos", version_id="7"), System(id="debian", version_id="12")


@pytest.mark.parametrize(
    ("package", "system", "purl"),
    [
        (
            Package(kind="rpm", name="bash", version="4.2-34.el7", arch="x86_64"),
            CENTOS,
            "pkg:rpm/centos/bash@4.2-34.el7?arch=x86_64&distro=centos-7",
        ),
        (
            Package(kind="rpm", name="dbus", version="1:1.10-2", arch="x86_64", source="d.src.rpm"),
            CENTOS,
            "pkg:rpm/centos/dbus@1.10-2?arch=x86_64&distro=centos-7&epoch=1&upstream=d.src.rpm",
        ),
        (
            Package(kind="rpm", name="libstdc++", version="4^a~b-1", arch="i686"),
            System(id="rhel", version_id="9.4"),
            "pkg:rpm/redhat/libstdc%2B%2B@4%5Ea~b-1?arch=i686&distro=rhel-9.4",
        ),
        (
            Package(kind="deb", name="attr", version="1:2.4.47-2+b1", arch="amd64", source="attr"),
            DEBIAN,
            "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64&distro=debian-12&upstream=attr",
        ),
        (
            Package(kind="deb", name="sid", version="1", arch="all"),
            System(id="Debian"),
            "pkg:deb/debian/sid@1?arch=all&distro=Debian",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Package) else "",
)
def test_package_urls(package: Package, system: System, purl: str) -> None:
    found, _ = bill(package, system=system)["components"]
    assert (found["purl"], found["bom-ref"]) == (purl, purl)


def test_a_package_that_is_listed_twice_is_in_it_once() -> None:
    package = Package(kind="deb", name="a", version="1", arch="all", license="odd & <free>")
    found = bill(package, package, system=DEBIAN)
    assert [each["name"] for each in found["components"]] == ["a", "debian"]
    assert found["components"][0]["licenses"] == [{"license": {"name": "odd & <free>"}}]


@pytest.mark.parametrize(
    "lack",
    [
        {"system": None},
        {"system": System()},
        {"packages": ()},
        {"image": None},
        {"packages": (Package(name="a"),)},
    ],
)
def test_an_older_manifest_is_refused(lack: dict[str, Any]) -> None:
    with pytest.raises(TemplateError, match=r"of centos7 20261123\.1 does not tell what is in it"):
        sbom(manifest(**lack))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cyclonedx.output", None)
    with pytest.raises(HostError, match="not installed") as caught:
        sbom(manifest())
    assert "pip install cyclonedx-python-lib" in caught.value.hint
