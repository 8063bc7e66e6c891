"""`builder iso fetch` of the catalogue's own rows, from vendors that are all on the loopback.

They are reached as at a site where a proxy is the only way out.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_media
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from builder.attest.provenance import statement
from builder.cli import iso
from builder.cli.context import Context
from builder.errors import MediaError, UsageError
from builder.kickstart.library import Library
from builder.media import vendor_keys
from builder.model.media import Download, StagedIso, Voucher
from builder.monitor import SilentMonitor
from builder.recipes import steps
from builder.recipes.inputs import staged
from builder.record.journal import Journal
from builder.registry.manifest import origin
from builder.releases import catalogue
from tests.bench.packages.media import master
from tests.hosts import driven, settings
from tests.mirrors import Mirror, Proxy, secured, serving
from tests.monitors import Heard
from tests.orders import ordered
from tests.values import manifest

pytestmark = small_media.NEEDED

HOSTS = (
    "download.rockylinux.org",
    "dl.rockylinux.org",
    "mirror.stream.centos.org",
    "vault.centos.org",
)
STREAM_8 = "/8-stream/isos/x86_64"
ISO = b"an ISO, as far as a download goes" * 1000
DIGEST = hashlib.sha256(ISO).hexdigest()


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Return a server that is every vendor."""
    server = Mirror()
    certificate = secured(server, tmp_path, *(f"DNS:{each}" for each in HOSTS))
    with serving(server), serving(Proxy(server)) as proxy:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setenv("https_proxy", proxy.url)
        yield server
        assert {each.partition(":")[0] for each in proxy.asked} <= {*HOSTS}


def _run(folder: Path, *words: str) -> Result:
    here = Context(settings=settings(folder), monitor=Heard())
    return CliRunner().invoke(iso.app, [*words], obj=here)


def _bsd(name: str) -> bytes:
    return f"# {name}: 3 bytes\nSHA256 ({name}) = {DIGEST}\n".encode()


def test_a_release_whose_list_nobody_signs(vendor: Mirror, tmp_path: Path) -> None:
    name, folder = "CentOS-Stream-8-20240603.0-x86_64-dvd1.iso", STREAM_8
    vendor.files = {f"{folder}/CHECKSUM": _bsd(name), f"{folder}/{name}": ISO}
    done = _run(tmp_path, "fetch", "centos-stream8", "--medium", "dvd", "--json")
    found = json.loads(done.stdout)
    assert found["path"] == f"{tmp_path}/iso/{name}"
    assert (found["sha256"], found["voucher"]["state"]) == (DIGEST, "listed")
    shown = {each["file"]: each for each in json.loads(_run(tmp_path, "list", "--json").stdout)}
    assert shown[name]["there"]
    assert shown[name]["what"] == "CentOS Stream 8, dvd"


def test_an_older_minor_from_the_vault(vendor: Mirror, tmp_path: Path) -> None:
    name, folder = "Rocky-9.4-x86_64-boot.iso", "/vault/rocky/9.4/isos/x86_64"
    vendor.files = {f"{folder}/CHECKSUM": _bsd(name), f"{folder}/{name}": ISO}
    done = _run(tmp_path, "fetch", "rocky9.4", "--medium", "boot")
    assert done.stdout == f"{tmp_path}/iso/{name}\n"


def test_a_release_that_moves(vendor: Mirror, tmp_path: Path) -> None:
    latest = "CentOS-Stream-9-latest-x86_64-dvd1.iso"
    dated = latest.replace("latest", "20261123.0")
    folder = "/9-stream/BaseOS/x86_64/iso"
    vendor.files = {f"{folder}/{latest}.SHA256SUM": _bsd(dated), f"{folder}/{latest}": ISO}
    assert _run(tmp_path, "fetch", "centos-stream9").stdout == f"{tmp_path}/iso/{dated}\n"
    # It may be left out, as long as what is there does.
    vendor.files = {}
    again = _run(tmp_path, "fetch", "centos-stream9")
    assert again.stdout == f"{tmp_path}/iso/{dated}\n"


def test_a_signature_that_is_missing(
    vendor: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Path(__file__).parents[1] / "vendors/keys"
    monkeypatch.setattr(vendor_keys, "HOST", (keys,))
    name, folder = "Rocky-10.2-x86_64-dvd1.iso", "/pub/rocky/10.2/isos/x86_64"
    vendor.files = {f"{folder}/CHECKSUM": _bsd(name), f"{folder}/{name}": ISO}
    failed = _run(tmp_path, "fetch", "rocky10", "--medium", "dvd").exception
    assert isinstance(failed, MediaError)
    assert "CHECKSUM: it has no signature, where one is expected" in failed.message
    vendor.files[f"{folder}/CHECKSUM.asc"] = b"-----BEGIN PGP SIGNATURE-----\n"
    failed = _run(tmp_path, "fetch", "rocky10", "--medium", "dvd").exception
    assert isinstance(failed, MediaError)
    assert "CHECKSUM: its signature cannot be read" in failed.message
    assert not list((tmp_path / "iso").iterdir())


def test_who_vouched_for_it_goes_into_manifest_and_provenance(
    vendor: Mirror, tmp_path: Path
) -> None:
    medium = small_media.el7(tmp_path, "a.iso")
    content, folder = medium.read_bytes(), STREAM_8
    row = catalogue.find("centos-stream8")
    source = Download.of(row, row.media["dvd"])
    digest = hashlib.sha256(content).hexdigest()
    listed = f"{digest}  {source.medium.file}\n".encode()
    vendor.files = {f"{folder}/CHECKSUM": listed, f"{folder}/{source.medium.file}": content}
    order = ordered(release="centos7")
    with driven(tmp_path) as host:
        changed = replace(order, iso=source)
        found = staged(changed, host=host, monitor=SilentMonitor())
    assert found.voucher.state == "listed"
    record = manifest(iso_voucher=origin(changed, found).voucher)
    (told, _) = statement(
        record, image="0", manifest_sha256="0"
    ).predicate.build_definition.resolved_dependencies
    assert told.annotations == {
        "verification": "listed",
        "checksums": f"https://vault.centos.org{folder}/CHECKSUM",
    }
    signed = Voucher(state="signed", source="x/CHECKSUM", key="F" * 40)
    assert str(signed) == f"signed by {'F' * 40} (CHECKSUM)"


def test_an_iso_that_somebody_has_is_recognised(vendor: Mirror, tmp_path: Path) -> None:
    """By the volume id it may be CentOS 7; by its name Stream 8, whose list knows it."""
    mine = small_media.el7(tmp_path, "CentOS-Stream-8-20240603.0-x86_64-boot.iso")
    content, folder = mine.read_bytes(), STREAM_8
    listed = f"{hashlib.sha256(content).hexdigest()}  {mine.name}\n".encode()
    refused = _run(tmp_path, "add", str(mine)).exception
    assert isinstance(refused, MediaError)
    assert "which looks like CentOS Stream 8: the sha256 of CentOS-Stream-8" in refused.message
    assert "404 Not Found" in refused.message
    vendor.files[f"{folder}/CHECKSUM"] = listed
    assert _run(tmp_path, "add", str(mine)).stdout == f"{tmp_path}/iso/{mine.name}\n"
    vendor.files = {}
    (line,) = _run(tmp_path, "list", "--here").stdout.splitlines()[1:]
    assert "CentOS Stream 8, boot" in line
    assert "checksum only (CHECKSUM is not signed)" in line
    fetched = _run(tmp_path, "fetch", "centos-stream8", "--medium", "boot")
    assert fetched.stdout == f"{tmp_path}/iso/{mine.name}\n"
    shown = _run(tmp_path, "verify", f"{tmp_path}/iso/{mine.name}").stdout
    assert "checksum only (CHECKSUM is not signed)" in shown


def test_an_older_iso_of_a_release_that_moves_has_its_own_list(
    vendor: Mirror, tmp_path: Path
) -> None:
    """That of the row's is of the newest."""
    folder, name = "/9-stream/BaseOS/x86_64/iso", "CentOS-Stream-9-20260801.0-x86_64-dvd1.iso"
    (tmp_path / "tree").mkdir()
    mine = master(tmp_path / "tree", tmp_path / name, label="CentOS-Stream-9-BaseOS-x86_64")
    for medium in ("boot", "dvd1"):
        newest = f"CentOS-Stream-9-latest-x86_64-{medium}.iso"
        vendor.files[f"{folder}/{newest}.SHA256SUM"] = _bsd(newest)
    digest = hashlib.sha256(mine.read_bytes()).hexdigest()
    refused = _run(tmp_path, "add", str(mine)).exception
    assert isinstance(refused, MediaError)
    assert _run(tmp_path, "add", str(mine), "--sha256", digest).exit_code == 0
    (line,) = _run(tmp_path, "list", "--here").stdout.splitlines()[1:]
    assert "CentOS Stream 9, dvd" in line
    assert "checksum as given" in line
    vendor.files[f"{folder}/{name}.SHA256SUM"] = f"SHA256 ({name}) = {digest}\n".encode()
    assert _run(tmp_path, "add", str(mine)).stdout == f"{tmp_path}/iso/{name}\n"
    (line,) = _run(tmp_path, "list", "--here").stdout.splitlines()[1:]
    assert "CentOS Stream 9, dvd" in line
    assert f"checksum only ({name}.SHA256SUM is not signed)" in line


def test_an_iso_under_another_name_is_recognised_by_its_digest(
    vendor: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = small_media.el7(tmp_path, "mine.iso")
    digest = hashlib.sha256(mine.read_bytes()).hexdigest()
    row = catalogue.find("centos7")
    media = row.media | {"dvd": replace(row.media["dvd"], sha256=digest)}
    monkeypatch.setattr(Library, "releases", lambda _self, **_: (replace(row, media=media),))
    name = "CentOS-7-x86_64-DVD-2009.iso"
    refused = _run(tmp_path, "add", str(mine), "--sha256", "0" * 64).exception
    assert isinstance(refused, MediaError)
    assert refused.message == f"mine.iso has the sha256 {digest}, expected {'0' * 64}."
    assert _run(tmp_path, "add", str(mine)).stdout == f"{tmp_path}/iso/{name}\n"
    (line,) = _run(tmp_path, "list", "--here").stdout.splitlines()[1:]
    assert "CentOS 7 (2009), dvd" in line
    assert "checksum as in the catalogue" in line
    assert vendor.asked == []


def test_an_iso_at_hand_that_is_another_medium(
    tmp_path: Path,
) -> None:
    mine = small_media.el7(tmp_path, "mine.iso")
    digest = hashlib.sha256(mine.read_bytes()).hexdigest()
    order = ordered(iso=mine)
    row = order.release
    media = row.media | {"dvd": replace(row.media["dvd"], sha256=digest)}
    order = replace(order, release=replace(row, media=media))
    with driven(tmp_path) as host, pytest.raises(MediaError) as caught:
        staged(order, host=host, monitor=SilentMonitor())
    assert caught.value.message == "mine.iso is the medium dvd of centos7, and not minimal."
    assert caught.value.hint == "Say so: --medium dvd."


def test_an_iso_that_a_build_has_staged_stays(tmp_path: Path) -> None:
    mine = small_media.el7(tmp_path, "mine.iso")
    _run(tmp_path, "add", str(mine), "--allow-unverified")
    path, given = tmp_path / "iso/mine.iso", settings(tmp_path)
    iso = StagedIso(pool="iso", volume="mine.iso", path=path, sha256=DIGEST, size=1, volume_id="x")
    journal = Journal.begin(given.builds, "centos7", monitor=SilentMonitor())
    with journal:
        journal.checkpoint.keep({steps.stage_iso.name: iso})
        refused = _run(tmp_path, "remove", "mine.iso").exception
        assert isinstance(refused, UsageError)
        assert refused.message == f"mine.iso stays: the build {journal.build_id} has not ended."
        assert path.exists()
        journal.finish(state="cleared")
    assert _run(tmp_path, "remove", "mine.iso").exit_code == 0
