"""Timers under a real systemd: installed, fired, refused, removed."""

import json
import string
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from builder.pipeline.timer_words import command, word
from tests.systemd_host import SystemdHost, systemd_host
from tests.waiting import wait_until

BUILDER = (sys.executable, "-P", "-m", "builder")
SETTINGS = """
iso_pool = "iso-{number}"
iso_pool_path = "iso"
store_pool = "store-{number}"
store_pool_path = "store"
cache = "cache"
state = "state"
"""
FAILS = 'title = "Nights"\n[[build]]\nrelease = "centos7"\niso = "nosuch.iso"\n'
WAITS = 'title = "Long"\n[[build]]\nrelease = "rehearsal"\n'
"""It waits for the lock of the rehearsals' cache, as long as that is held."""
ODD = Path('/srv/it\'s 50% $HOME; #"x" größe')
UNITS = Path("/etc/systemd/system")
_NUMBERS = count()
WORDS = [
    *string.punctuation.replace("\\", ""),
    *(f"{each}{each}" for each in "%$'\";{}"),
    *(
        "$HOME",
        "${HOME}",
        "%h",
        "%n",
        "a b",
        " a ",
        "",
        "größe",
        "'\"",
        "a'b\"c d",
        "-x",
        "@x",
        "~",
    ),
]


class Nights:
    """A folder of a user's on such a host."""

    def __init__(self, host: SystemdHost, folder: Path) -> None:
        self.host = host
        self.folder = folder
        host.write(folder / "builder.toml", SETTINGS.format(number=next(_NUMBERS)))

    def builder(
        self, *words: str | Path, code: int = 0, env: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        settings = ("--config", self.folder / "builder.toml")
        done = self.host.run(*BUILDER, *settings, *words, env=env, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def install(self, name: str, text: str, *words: str | Path, code: int = 0) -> str:
        """Write a pipeline, and install its timer."""
        self.host.write(self.folder / f"{name}.toml", text)
        path = self.folder / f"{name}.toml"
        done = self.builder("pipeline", "install-timer", path, "--at", "02:30", *words, code=code)
        return done.stdout + done.stderr

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Return the records of a pipeline's runs."""
        show = 'test ! -d "$1" || find "$1" -name "*.json" -exec cat {} + | tr -d "\\n"'
        said = self.host.run("sh", "-euc", show, "sh", self.folder / "state/runs" / name).stdout
        return [json.loads(each) for each in said.replace("}{", "}\0{").split("\0") if each]

    def timers(self) -> dict[str, dict[str, Any]]:
        """Return what `builder timer list` says."""
        found = json.loads(self.builder("timer", "list", "--json").stdout)
        return {each["name"]: each for each in found}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock that rehearsals wait for."""
        (lock,) = [self.folder / "cache/lock"]
        self.host.write(lock, "")
        command = self.host.command("flock", lock, "sh", "-c", "echo held; cat")
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout
            assert holder.stdin
            assert holder.stdout.readline() == "held\n"
            yield
            holder.stdin.close()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdHost]:
    with systemd_host(tmp_path_factory.mktemp("host")) as found:
        found.start_libvirt()
        yield found


@pytest.fixture
def nights(host: SystemdHost, request: pytest.FixtureRequest) -> Nights:
    return Nights(host, Path("/srv") / request.node.name)


def test_fired_by_its_timer(nights: Nights) -> None:
    host, service = nights.host, "builder-long.service"
    # Timers that are due within a minute may go off together.
    host.write("/run/systemd/system/builder-long.timer.d/now.conf", "[Timer]\nAccuracySec=1us\n")
    with nights.held():
        nights.install("long", WAITS)
        assert nights.timers()["long"]["state"]["active"] == "inactive"
        assert not nights.runs("long")
        now = ("--at", "*:*:*", "--delay", "0", "--force", "--enable")
        nights.install("long", WAITS, *now)
        wait_until(lambda: bool(nights.runs("long")), told=lambda: host.log(service))
        known = host.state(service, "InvocationID")

        host.run("systemctl", "start", "--no-block", service)
        assert host.state(service, "InvocationID") == known
        assert host.state(service) == "activating"
        said = nights.builder("timer", "remove", "long", code=2)
        assert "goes on" in said.stderr
        assert nights.timers()["long"]["state"]["run"] == "activating"

        host.run("systemctl", "stop", "builder-long.timer")
        host.run("systemctl", "stop", service)
    (run,) = nights.runs("long")
    assert run["ended"]
    assert run["jobs"] == ["rehearsal"]
    assert "interrupted" in host.log(service)
    assert host.state(service, "ExecMainStatus") == "130"
    stamps = ("find", "/var/lib/systemd/timers", "-name", "*builder-long*")
    assert host.run(*stamps).stdout
    nights.builder("timer", "remove", "long")
    assert host.run(*stamps).stdout == ""


def test_a_run_by_hand_meanwhile(nights: Nights) -> None:
    pytest.importorskip("builder.pipeline.lock", reason="nothing keeps runs of a pipeline apart")
    with nights.held():
        nights.install("once", WAITS)
        nights.host.run("systemctl", "start", "--no-block", "builder-once.service")
        told = partial(nights.host.log, "builder-once.service")
        wait_until(lambda: bool(nights.runs("once")), told=told)
        said = nights.builder("pipeline", "run", nights.folder / "once.toml", code=4)
        assert "is being run already" in said.stderr
        nights.host.run("systemctl", "stop", "builder-once.service")
    assert len(nights.runs("once")) == 1
    nights.builder("timer", "remove", "once")


def test_what_fails_is_recorded_and_told(nights: Nights) -> None:
    host, told = nights.host, nights.folder / "told"
    host.write(
        "/run/systemd/system/told@.service",
        f"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo %i > {told}'\n",
    )
    nights.install("bad", FAILS, "--on-failure", "told@%n.service")
    host.run("systemctl", "start", "builder-bad.service", check=False)
    assert host.state("builder-bad.service", "ExecMainStatus") == "10"
    (run,) = nights.runs("bad")
    assert [each["exit_code"] for each in run["outcomes"]] == [5]
    wait_until(lambda: host.run("cat", told, check=False).stdout == "builder-bad.service\n")
    listed = nights.builder("timer", "list").stdout
    assert "failed (10), " in listed
    nights.builder("timer", "remove", "bad")
    assert "builder-bad" not in host.run("systemctl", "list-units", "--all").stdout


def test_names_that_mean_something_to_systemd(host: SystemdHost) -> None:
    odd = Nights(host, ODD)
    state = f'{ODD}/state of the "env"'
    secrets = ODD / "100% secret.env"
    host.write(secrets, "BUILDER_NETWORK=none\n")
    host.run("chmod", "600", secrets)
    host.write(ODD / "odd.toml", FAILS)
    install: list[str | Path] = ["pipeline", "install-timer", ODD / "odd.toml", "--at", "02:30"]
    odd.builder(*install, "--environment-file", secrets, env=[f"BUILDER_STATE={state}"])
    host.run("systemctl", "start", "builder-odd.service", check=False)
    assert host.state("builder-odd.service", "ExecMainStatus") == "10"
    records = host.run("find", f"{state}/runs/odd", "-name", "*.json").stdout
    assert len(records.splitlines()) == 1
    assert host.run("test", "-d", ODD / "store").returncode == 0
    assert odd.timers()["odd"]["pipeline"] == str(ODD / "odd.toml")
    host.write(secrets, "BUILDER_NETWORK=nosuch\n")
    host.run("systemctl", "start", "builder-odd.service", check=False)
    assert host.state("builder-odd.service", "ExecMainStatus") == "3"
    odd.builder("timer", "remove", "odd")


def test_a_run_can_write_where_it_is_to_and_nowhere_else(nights: Nights) -> None:
    host = nights.host
    nights.install("box", FAILS)
    unit = host.run("cat", UNITS / "builder-box.service").stdout
    places = ["state", "cache", "iso", "store", "other", "../../root", "../../etc"]
    tries = "; ".join(f"touch {nights.folder}/{each}/x && echo {each}" for each in places)
    host.run("mkdir", nights.folder / "other")
    begins, _, rest = unit.partition("ExecStart=")
    probe = f"{begins}ExecStart=/bin/sh -c '{tries}; true'\n{rest.partition(chr(10))[2]}"
    host.write("/run/systemd/system/probe.service", probe.replace("[X-Builder]", "[X-Other]"))
    host.run("systemctl", "start", "probe.service")
    said = host.log("probe.service").splitlines()
    assert [line for line in said if line in places] == ["state", "cache", "iso", "store"]
    nights.builder("timer", "remove", "box")


def test_nothing_is_written_for_a_look(nights: Nights) -> None:
    assert "OnCalendar=*-*-* 02:30:00" in nights.install("look", FAILS, "--print")
    assert nights.host.run("find", UNITS, "-name", "builder-look*").stdout == ""
    assert nights.host.run("find", nights.folder, "-type", "d").stdout == f"{nights.folder}\n"


def test_a_users_own(host: SystemdHost) -> None:
    host.run("useradd", "--create-home", "op")
    for folder in Path(sys.prefix).parents:  # a checkout may be in root's home
        host.run("chmod", "a+x", folder)
    host.run("loginctl", "enable-linger", "op")
    uid = host.run("id", "-u", "op").stdout.strip()
    wait_until(lambda: host.state(f"user@{uid}.service") == "active")
    who = ("setpriv", "--reuid=op", "--regid=op", "--init-groups")
    op = partial(host.run, *who, "env", "HOME=/home/op", f"XDG_RUNTIME_DIR=/run/user/{uid}")
    pipeline = Path("/home/op/mine.toml")
    host.write(pipeline, FAILS)

    install = (*BUILDER, "pipeline", "install-timer", str(pipeline), "--at", "02:30")
    assert "take root" in op(*install, check=False).stderr
    assert "loginctl enable-linger" in op(*install, "--user", "--enable").stdout
    op("systemctl", "--user", "start", "builder-mine.service", check=False)
    shown = op(*BUILDER, "timer", "show", "mine", "--user").stdout
    assert "enabled active" in shown
    assert "failed (10), " in shown
    found = host.run("find", "/home/op/.local/state/builder/runs/mine", "-name", "*.json").stdout
    assert len(found.splitlines()) == 1
    assert op(*BUILDER, "timer", "remove", "mine", check=False).returncode == 2  # the system's
    op(*BUILDER, "timer", "remove", "mine", "--user")
    assert "builder-mine" not in op("systemctl", "--user", "list-timers", "--all").stdout


@pytest.mark.parametrize("program", [sys.executable, "/usr/bin/python3"])
def test_systemd_reads_the_words_that_were_meant(host: SystemdHost, program: str) -> None:
    print_all = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['WORD']]))"
    whole = "".join(WORDS)
    unit = f"""[Service]
Type=oneshot
ExecStart={command([program, "-c", print_all, *WORDS])}
Environment={word(f"WORD={whole}")}
"""
    host.write("/run/systemd/system/words.service", unit)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "start", "words.service")
    (said,) = [line for line in host.log("words.service").splitlines() if line[:2] == "[["][-1:]
    assert json.loads(said) == [WORDS, whole]


def test_what_cron_gets_does_the_same(host: SystemdHost) -> None:
    nights = Nights(host, ODD.with_name("cron " + ODD.name))
    secrets = nights.folder / "secret.env"
    host.write(secrets, "BUILDER_NETWORK=none\n")
    host.run("chmod", "600", secrets)
    said = nights.install("cron", FAILS, "--cron", "--environment-file", secrets)
    _, line = [each for each in said.splitlines() if not each.startswith("That goes")]
    schedule, _, command = line.partition(" root ")
    assert schedule == "30 2 * * *"
    # cron itself takes the backslash before a percent sign away, and gives the rest to sh.
    assert "%" not in command.replace(r"\%", "")
    run = command.replace(r"\%", "%").replace("exec nice ", "exec ")
    done = host.run("sh", "-c", run, check=False)
    assert done.returncode == 10, done.stderr
    assert len(nights.runs("cron")) == 1
    host.write(secrets, "BUILDER_NETWORK=nosuch\n")
    assert host.run("sh", "-c", run, check=False).returncode == 3


def test_where_no_systemd_runs(nights: Nights) -> None:
    host, pipeline = nights.host, nights.folder / "none.toml"
    host.write(pipeline, FAILS)
    settings = str(nights.folder / "builder.toml")
    command = [*BUILDER, "--config", settings, "pipeline", "install-timer", str(pipeline)]
    hide = 'mount -t tmpfs none /run/systemd; exec "$@"'
    without = ("unshare", "--mount", "sh", "-euc", hide, "sh", *command)
    done = host.run(*without, "--at", "02:30", check=False)
    assert done.returncode == 4, done.stderr
    assert "30 2 * * * root " in done.stdout
    assert "/etc/cron.d/builder-none" in done.stderr
    assert host.run("find", UNITS, "-name", "builder-none*").stdout == ""
