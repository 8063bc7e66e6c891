"""A containerDisk for KubeVirt: an OCI image of one layer, which holds the disk, in a tar.

The image layout is that of the OCI image specification, v1.0. KubeVirt looks for the only file in
/disk and reads it as the user 107, qemu.
"""

import hashlib
from pathlib import Path

import msgspec

from builder import files
from builder.export.archive import Member, pack
from builder.export.order import ExportSource
from builder.monitor import Monitor

_TYPE = "application/vnd.oci.image"
_QEMU = 107


class _Blob(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the layout that is named by its digest."""

    media_type: str
    digest: str
    content: bytes | Path

    def describe(self) -> dict[str, object]:
        """Return how others refer to it."""
        return {
            "mediaType": self.media_type,
            "digest": f"sha256:{self.digest}",
            "size": self.member.size,
        }

    @property
    def member(self) -> Member:
        return Member(name=f"blobs/sha256/{self.digest}", content=self.content)


def write(source: ExportSource, part: Path, *, name: str, monitor: Monitor) -> None:  # noqa: ARG001
    """See formats.Writer."""
    with files.scratch(part) as path:
        # Not compressed: the disk in it is. So it is its own diff_id as well.
        pack(path, _disk(source), when=source.when, monitor=monitor)
        layer = _Blob(
            media_type=f"{_TYPE}.layer.v1.tar",
            digest=files.sha256(path, monitor=monitor),
            content=path,
        )
        pack(part, _layout(source, layer), when=source.when, monitor=monitor)


def _disk(source: ExportSource) -> tuple[Member, ...]:
    disk = f"disk/{source.manifest.name}.qcow2"
    return (
        Member(name="disk", mode=0o755),
        Member(name=disk, content=source.image, mode=0o440, owner=_QEMU),
    )


def _layout(source: ExportSource, layer: _Blob) -> tuple[Member, ...]:
    config = _json_blob(f"{_TYPE}.config.v1+json", _config(source, layer))
    manifest = _json_blob(f"{_TYPE}.manifest.v1+json", _manifest(source, config, layer))
    blobs = sorted((layer, config, manifest), key=lambda blob: blob.digest)
    return (
        Member(name="oci-layout", content=_json({"imageLayoutVersion": "1.0.0"})),
        Member(name="index.json", content=_json(_index(source, manifest))),
        Member(name="blobs", mode=0o755),
        Member(name="blobs/sha256", mode=0o755),
        *(blob.member for blob in blobs),
    )


def _config(source: ExportSource, layer: _Blob) -> dict[str, object]:
    created = source.manifest.created
    return {
        "created": created,
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}"]},
        "history": [{"created": created, "created_by": "builder template export"}],
    }


def _manifest(source: ExportSource, config: _Blob, layer: _Blob) -> dict[str, object]:
    return {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": config.describe(),
        "layers": [layer.describe()],
        "annotations": {
            "org.opencontainers.image.created": source.manifest.created,
            "org.opencontainers.image.title": source.manifest.name,
            "org.opencontainers.image.version": source.manifest.version,
        },
    }


def _index(source: ExportSource, manifest: _Blob) -> dict[str, object]:
    # The name by which tools find it among others of a layout: a tag.
    named = {"org.opencontainers.image.ref.name": source.manifest.version}
    platform = {"architecture": "amd64", "os": "linux"}
    return {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.index.v1+json",
        "manifests": [{**manifest.describe(), "platform": platform, "annotations": named}],
    }


def _json_blob(media_type: str, value: object) -> _Blob:
    content = _json(value)
    digest = hashlib.sha256(content).hexdigest()
    return _Blob(media_type=media_type, digest=digest, content=content)


def _json(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")
