"""A store pool with as many versions of one template as years of nights make."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from builder.model.audit import Finding
from builder.model.package import Package
from builder.model.template import Manifest, StepTime
from builder.model.text import rfc3339
from builder.registry.ledger import Ledger
from builder.registry.registry import Registry
from tests import values

NAME = "centos7"
_FIRST = datetime(2024, 1, 1, 2, tzinfo=UTC)
_IMAGE = b"image"
_LICENSES = (
    "GPLv3+",
    "LGPLv2+ with exceptions",
    "MIT",
    "BSD and GPLv2",
    "GPL+ or Artistic",
)
_LINE = "%packages --excludedocs  # as a person would write it\n"
_NODE = "  <controller type='pci' index='1' model='pcie-root-port'/>\n"


def fill(store: Path, versions: int) -> int:
    """Publish so many versions, one a night; return the bytes of a manifest."""
    record, published = _record(), dict[str, str]()
    for night in range(versions):
        began = _FIRST + timedelta(days=night)
        version, when = f"{began:%Y%m%d}.1", rfc3339(began)
        path = store / f"{NAME}-{version}.json"
        each = msgspec.structs.replace(
            record,
            version=version,
            build_id=f"{began:%Y%m%dT%H%M%S}-{night:08x}",
            build_key=build_key(night),
            created=when,
        )
        path.write_bytes(msgspec.json.format(msgspec.json.encode(each), indent=2) + b"\n")
        path.with_suffix(".qcow2").write_bytes(_IMAGE)
        published[version] = when
    Registry(store).write(Ledger(name=NAME).note(published))
    return max(each.stat().st_size for each in store.glob("*-*.json"))


def build_key(night: int) -> str:
    """Return the build key of the version of that night."""
    return f"{night:064x}"


def host(store: Path) -> str:
    """Return a host for libvirt's test driver, whose store pool is the folder."""
    target = f"<target><path>{store}</path></target>"
    return f"<node><pool type='dir'><name>store</name>{target}</pool></node>\n"


def _record() -> Manifest:
    return values.manifest(
        kickstart=_LINE * 100,
        domain_xml=_NODE * 30,
        packages=tuple(map(_package, range(310))),
        phases={"firmware": 2.1, "packages": 211.7, "scripts": 14.2},
        image=values.image(size=len(_IMAGE)),
        boot_seconds=21.4,
        audit=tuple(_finding(f"check-{number}") for number in range(20)),
        clones=tuple(_finding(f"clone-{number}") for number in range(8)),
        steps=tuple(StepTime(step=f"Step {number}", seconds=number) for number in range(9)),
    )


def _package(number: int) -> Package:
    name, version = f"name-{number}", f"{number}.4-15.el7"
    return Package(
        kind="rpm",
        name=name,
        version=version,
        arch="x86_64",
        source=f"{name}-{version}.src.rpm",
        license=_LICENSES[number % len(_LICENSES)],
    )


def _finding(check: str) -> Finding:
    return Finding(check=check, says="what a template that passes has, in a sentence of its own")
