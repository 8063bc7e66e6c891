"""The rules of the house that no linter knows."""

import ast
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import errors

_ROOT = Path(__file__).parents[2]
_MODULES = sorted((_ROOT / "builder").rglob("*.py"))
_PACKAGES = [path for path in _MODULES if path.name == "__init__.py"]

_EXIT_CODES = {
    errors.BuilderError: 1,
    errors.UsageError: 2,
    errors.ConfigError: 3,
    errors.HostError: 4,
    errors.MediaError: 5,
    errors.KickstartError: 6,
    errors.InstallError: 7,
    errors.HangError: 8,
    errors.TemplateError: 9,
    errors.BatchError: 10,
}


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


@pytest.mark.parametrize("path", _PACKAGES, ids=_name)
def test_init_holds_a_docstring_only(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("path", _MODULES, ids=_name)
def test_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 250


@pytest.mark.parametrize(("error", "code"), _EXIT_CODES.items())
def test_exit_code(error: type[errors.BuilderError], code: int) -> None:
    raised = error("It broke.", hint="Mend it.")
    assert (raised.exit_code, str(raised), raised.hint) == (code, "It broke.", "Mend it.")


def test_every_error_has_an_exit_code_of_its_own() -> None:
    def family(error: type[errors.BuilderError]) -> set[type[errors.BuilderError]]:
        return {error}.union(*map(family, error.__subclasses__()))

    direct = {errors.BuilderError, *errors.BuilderError.__subclasses__()}
    assert direct == set(_EXIT_CODES)
    assert {error.exit_code for error in family(errors.BuilderError)} == set(range(1, 11))


@pytest.mark.parametrize(
    "deed",
    [
        lambda: subprocess.run(["true"], check=False),
        lambda: os.system("true"),  # noqa: S605  # must be refused
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: time.sleep(0),
    ],
    ids=["spawn", "shell", "connect", "sleep"],
)
def test_unit_tests_are_guarded(deed: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="unit tests must not"):
        deed()
