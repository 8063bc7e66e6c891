"""builder template clone: the order that its options make."""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.cli import app
from builder.errors import UsageError
from builder.model.clone import Clone, CloneOrder
from builder.registry.registry import Registry

PLAIN = CloneOrder(name="web1")
FULL = CloneOrder(
    name="web1",
    memory_mib=512,
    vcpus=4,
    network="bridge:br0",
    disk_gib=40,
    ssh_keys=(Path("a.pub"), Path("b.pub")),
    user_data=Path("web.yaml"),
    hostname="web.example",
    start=False,
)
OPTIONS = (
    "--memory 512 --vcpus 4 --network bridge:br0 --disk-gib 40 --ssh-key a.pub --ssh-key b.pub"
    " --user-data web.yaml --hostname web.example --no-start"
)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[CloneOrder]:
    """Return what comes to be ordered; there is a template, and nothing is made."""
    found: list[CloneOrder] = []

    def clone(_on: object, _template: object, order: CloneOrder, **_options: object) -> Clone:
        found.append(order)
        return Clone(
            name=order.name,
            template="centos7",
            version="20261123.1",
            disk=Path("/srv/web1.qcow2"),
            seed=None,
            running=order.start,
        )

    host = SimpleNamespace(store_pool=SimpleNamespace(path=tmp_path))
    monkeypatch.setattr("builder.recipes.clone.clone", clone)
    monkeypatch.setattr("builder.host.host.open_host", lambda _settings: nullcontext(host))
    monkeypatch.setattr(Registry, "find", lambda _self, reference: reference)
    return found


@pytest.mark.parametrize(
    ("options", "expected", "state"), [("", PLAIN, "running"), (OPTIONS, FULL, "off")]
)
def test_options(
    options: str,
    expected: CloneOrder,
    state: str,
    orders: list[CloneOrder],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert app.run(["template", "clone", "centos7", "web1", *options.split()]) == 0
    assert orders == [expected]
    assert capsys.readouterr().out.splitlines()[-1].split() == ["state", state]


@pytest.mark.parametrize("options", ["--memory 1", "--vcpus 0", "--disk-gib 0"])
def test_numbers_that_make_no_machine(options: str, orders: list[CloneOrder]) -> None:
    code = app.run(["template", "clone", "centos7", "web1", *options.split()])
    assert (code, orders) == (UsageError.exit_code, [])
