"""The build key: what is the same keeps it, from one version of builder to the next."""

import hashlib
from importlib.metadata import version

import msgspec
from msgspec.structs import replace

from builder.model.kickstart import Kickstart
from builder.model.template import Manifest, RepositoryState
from builder.registry.manifest import build_key
from tests.orders import ordered
from tests.values import manifest

ORDER = ordered()
KICKSTART = Kickstart(source="x.ks", syntax="RHEL7", text="cdrom\n")
STATE = RepositoryState(url="http://a/os", digest="1", groups="2")


def key(*states: RepositoryState) -> str:
    return build_key(ORDER, KICKSTART, origin_sha256="a" * 64, repositories=states)


def test_what_needs_no_network_has_the_key_that_it_had_before_there_were_repositories() -> None:
    """Else every template would be built again."""
    rounds = 200_000
    kickstart = hashlib.pbkdf2_hmac("sha256", b"cdrom\n", b"builder", rounds).hex()
    inputs = {
        "builder": version("builder"),
        "capacity": ORDER.capacity,
        "checks": [],
        "compression": "zstd",
        "firmware": "",
        "installer_args": ORDER.release.installer_args,
        "iso": "a" * 64,
        "kickstart": kickstart,
    }
    assert key() == hashlib.sha256(msgspec.json.encode(inputs, order="sorted")).hexdigest()


def test_the_states_of_repositories_count_and_not_their_order() -> None:
    other = RepositoryState(url="http://b/os", digest="1")
    assert len({key(), key(STATE), key(replace(STATE, digest="2")), key(STATE, other)}) == 4
    assert key(STATE, other) == key(other, STATE)
    assert key(STATE) == key(replace(STATE, groups="3"))  # they are in the digest as well


def test_older_manifests_have_none() -> None:
    written = msgspec.to_builtins(manifest(repositories=(STATE,)))
    assert Manifest.parse(msgspec.json.encode(written)).repositories == (STATE,)
    del written["repositories"]
    assert Manifest.parse(msgspec.json.encode(written)).repositories == ()
