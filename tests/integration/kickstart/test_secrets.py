"""Passwords: hashed by openssl, never in an argument, never back in clear."""

from pathlib import Path

import pytest

from builder import process
from builder.errors import ConfigError
from builder.kickstart.secrets import collect, crypt
from builder.model.kickstart import Secrets

HASH = f"$6$salt${'a' * 86}"


def test_a_hash_is_stable_for_a_release_and_differs_between_releases() -> None:
    one = crypt("hunter2", salt_source="centos7")
    assert one.startswith("$6$")
    assert one == crypt("hunter2", salt_source="centos7")
    assert one != crypt("hunter2", salt_source="rehearsal")
    assert one != crypt("hunter3", salt_source="centos7")


def test_openssl_agrees_and_so_would_crypt() -> None:
    salt = crypt("hunter2", salt_source="x").split("$")[2]
    again = process.run(["openssl", "passwd", "-6", "-salt", salt, "hunter2"])
    assert again.stdout.strip() == crypt("hunter2", salt_source="x")


def test_the_password_is_not_an_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    real = process.run

    def spy(argv: list[str], *, stdin: str | None = None) -> process.Completed:
        seen.append(argv)
        return real(argv, stdin=stdin)

    monkeypatch.setattr(process, "run", spy)
    crypt("hunter2", salt_source="x")
    assert len(seen) == 1
    assert "hunter2" not in " ".join(seen[0])


@pytest.mark.parametrize("password", ["", "a\nb", "a\x00b", "x" * 201, "tab\t"])
def test_unusable_passwords(password: str) -> None:
    with pytest.raises(ConfigError, match="empty, too long") as caught:
        crypt(password, salt_source="x")
    assert not password or password not in str(caught.value)


def test_nothing_given_means_locked() -> None:
    assert collect("x", environ={}) == Secrets()


def test_a_file_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from file\n")
    environ = {"BUILDER_ROOT_PASSWORD": "from environment", "BUILDER_USER_PASSWORD": HASH}
    found = collect("x", root_password_file=tmp_path / "password", environ=environ)
    assert found.root_password_hash == crypt("from file", salt_source="x")
    assert found.user_password_hash == HASH
    assert collect("x", environ=environ).root_password_hash == crypt(
        "from environment", salt_source="x"
    )


def test_a_missing_password_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read"):
        collect("x", root_password_file=tmp_path / "nosuch", environ={})
