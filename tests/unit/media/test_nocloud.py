"""cloud-init's seed: what is taken in, and what is refused."""

import json
from pathlib import Path

import pytest

from builder.errors import ConfigError, UsageError
from builder.media import nocloud
from builder.model.clone import Seed

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGoldenGoldenGolden someone@example"
RSA = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ=="
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUA\n"


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        (f"{KEY}\n", (KEY,)),
        (f"# mine\n\n{KEY}\r\n{RSA}", (KEY, RSA)),
        ("sk-ssh-ed25519@openssh.com AAAAGnNr x\n", ("sk-ssh-ed25519@openssh.com AAAAGnNr x",)),
        ("ecdsa-sha2-nistp256 AAAAE2Vj\n", ("ecdsa-sha2-nistp256 AAAAE2Vj",)),
    ],
)
def test_keys(tmp_path: Path, content: str, keys: tuple[str, ...]) -> None:
    path = written(tmp_path, content)
    assert nocloud.read("web1", ssh_keys=[path], user_data=None).ssh_keys == keys


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (PRIVATE, "is a private key", "file.pub."),
        ("", "something else than public ssh keys", "id_ed25519.pub."),
        ("# only a comment\n", "something else", "id_ed25519.pub."),
        (f"{KEY}\nnonsense\n", "something else", "id_ed25519.pub."),
        ("PuTTY-User-Key-File-2: ssh-rsa\n", "something else", "id_ed25519.pub."),
    ],
)
def test_what_is_no_public_key(tmp_path: Path, content: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        nocloud.read("web1", ssh_keys=[written(tmp_path, content)], user_data=None)
    assert caught.value.hint.endswith(hint)


@pytest.mark.parametrize(
    "content",
    [
        b"#cloud-config\npackages: [vim]\n",
        b"#!/bin/sh\ntrue\n",
        b"#include\nhttps://example.com/x\n",
        b"#cloud-config-archive\n[]\n",
        b"## template: jinja\n#cloud-config\n{}\n",
        b'Content-Type: multipart/mixed; boundary="x"\n',
        b"\x1f\x8b\x08\x00",
    ],
)
def test_user_data_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    assert nocloud.read("web1", ssh_keys=[], user_data=path).user_data == content


@pytest.mark.parametrize("content", ["", "packages: [vim]\n", " #cloud-config\n", "# cloud-config"])
def test_what_cloud_init_would_ignore(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match="does not begin as user-data does"):
        nocloud.read("web1", ssh_keys=[], user_data=written(tmp_path, content))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(ConfigError, match=r"Cannot read .*gone: No such file"):
        nocloud.read("web1", ssh_keys=[gone], user_data=None)
    with pytest.raises(ConfigError, match=r"Cannot read .*gone: No such file"):
        nocloud.read("web1", ssh_keys=[], user_data=gone)


@pytest.mark.parametrize("hostname", ["web1", "web1.example.com", "a", "1-2"])
def test_names_of_hosts(hostname: str) -> None:
    assert nocloud.read(hostname, ssh_keys=[], user_data=None).hostname == hostname


@pytest.mark.parametrize("hostname", ["", "a b", "-a", "a-", "a..b", "a_b", "ä", "a\n", "a" * 64])
def test_what_is_no_name_of_a_host(hostname: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a host"):
        nocloud.read(hostname, ssh_keys=[], user_data=None)


def test_meta_data() -> None:
    seed = Seed(hostname="web1.example.com", ssh_keys=(KEY, RSA))
    assert json.loads(nocloud.meta_data(seed, instance="web1")) == {
        "instance-id": "web1",
        "local-hostname": "web1.example.com",
        "public-keys": [KEY, RSA],
    }
    assert b"public-keys" not in nocloud.meta_data(Seed(hostname="web1"), instance="web1")


def test_a_seed_does_not_tell_what_it_holds(tmp_path: Path) -> None:
    path = written(tmp_path, "#cloud-config\npassword: secret\n")
    assert "secret" not in repr(nocloud.read("web1", ssh_keys=[], user_data=path))
