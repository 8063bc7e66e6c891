"""What an installation consists of, in each family's own words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from builder.rehearsal.guest.console import Console
from builder.rehearsal.guest.family import Family


class Step(Enum):
    """A step that something is done in; steps without an own name only show their texts."""

    ENVIRONMENT = auto()
    STORAGE = auto()
    PRE_INSTALL = auto()
    SOFTWARE = auto()
    BOOT_LOADER = auto()
    SYSTEM = auto()
    NETWORK = auto()
    USERS = auto()
    INITRAMFS = auto()
    KICKSTART = auto()
    POST = auto()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A queue of Anaconda's tasks; `text` is what the screen says, "" for nothing."""

    text: str
    step: Step | None = None
    queue: str = ""
    tasks: tuple[str, ...] = ()


_POST_TASKS = "Performing post-installation setup tasks"

_YUM = (
    Stage(text="Setting up the installation environment", step=Step.STORAGE),
    Stage(text="Running pre-installation scripts", step=Step.PRE_INSTALL),
    Stage(text="", step=Step.SOFTWARE),
    Stage(text=_POST_TASKS, step=Step.ENVIRONMENT),
    Stage(text="Installing boot loader", step=Step.BOOT_LOADER),
    Stage(text=_POST_TASKS),
    Stage(text="Configuring installed system", step=Step.SYSTEM),
    Stage(text="Writing network configuration", step=Step.NETWORK),
    Stage(text="Creating users", step=Step.USERS),
    Stage(text="Configuring addons"),
    Stage(text="Generating initramfs", step=Step.INITRAMFS),
    Stage(text="Running post-installation scripts", step=Step.POST),
)


def _dnf(family: Family) -> tuple[Stage, ...]:
    certificates = [
        Stage(text="Importing certificates", queue="Certificates import",
              tasks=("Import CA certificates",)),
    ]  # fmt: skip
    return (
        Stage(text="", queue="Installation queue", tasks=("Save system time to HW clock",)),
        Stage(text="Setting up the installation environment",
              queue="Installation environment setup"),
        Stage(text="Configuring storage", step=Step.STORAGE, queue="Early storage configuration",
              tasks=("Create storage layout", "Mount filesystems",
                     "Write the storage configuration")),
        Stage(text="Running pre-installation scripts", step=Step.PRE_INSTALL,
              queue="Pre-install scripts", tasks=("Run %pre-install scripts",)),
        Stage(text="Running pre-installation tasks", queue="Pre install tasks",
              tasks=("Copy resolv.conf to sysroot", "Discover information about a realm",
                     "Find additional packages & run pre_install()")),
        Stage(text=family.software, step=Step.SOFTWARE, queue="Payload installation",
              tasks=("Install the payload",)),
        Stage(text="Installing boot loader", step=Step.BOOT_LOADER,
              queue="Bootloader installation",
              tasks=("Configure bootloader", "Install bootloader")),
        Stage(text=_POST_TASKS, step=Step.ENVIRONMENT, queue="Post-installation setup tasks",
              tasks=("Run post-installation setup tasks",)),
        *(certificates if family.certificates else ()),
        Stage(text="Configuring installed system", step=Step.SYSTEM,
              queue="Installed system configuration",
              tasks=("Configure timezone", "Configure services", "Configure language",
                     "Configure keyboard", "Configure firewall")),
        Stage(text="Writing network configuration", step=Step.NETWORK,
              queue="Network configuration", tasks=("Network configuration",)),
        Stage(text="Creating users", step=Step.USERS, queue="User creation",
              tasks=("Create groups", "Create users", "Configure root password",
                     "Set SSH keys")),
        Stage(text="Configuring addons", queue="Anaconda addon configuration"),
        Stage(text="Generating initramfs", step=Step.INITRAMFS, queue="Initramfs generation",
              tasks=("Generate initramfs",)),
        Stage(text="Storing configuration files and kickstarts", step=Step.KICKSTART,
              queue="Write configs and kickstarts", tasks=("Store kickstarts",)),
        Stage(text="Running post-installation scripts", step=Step.POST,
              queue="Post installation scripts", tasks=("Run post installation scripts",)),
    )  # fmt: skip


def stages(family: Family, *, keeps: bool = True) -> tuple[Stage, ...]:
    """Return what a family's installation consists of.

    Without `keeps`, which inst.nosave=all takes away, nothing is stored: dnf's families then leave
    that queue out.
    """
    if not family.dnf:
        return _YUM
    return tuple(each for each in _dnf(family) if keeps or each.step is not Step.KICKSTART)


class Progress:
    """Goes through an installation's stages and tells of them as the family does."""

    def __init__(self, console: Console, family: Family, stages: tuple[Stage, ...]) -> None:
        self._console = console
        self._family = family
        self._stages = stages
        self._tasks = sum(len(stage.tasks) for stage in stages)
        self._next = 0
        self._done = 0

    @contextmanager
    def step(self, wanted: Step) -> Iterator[None]:
        """Pass the stages up to that of the step, and be in it. A family may lack the step."""
        ahead = self._stages[self._next :]
        if wanted not in [stage.step for stage in ahead]:
            yield
            return
        for stage in ahead:
            self._next += 1
            with self._in(stage):
                if stage.step is wanted:
                    yield
            if stage.step is wanted:
                return

    @contextmanager
    def _in(self, stage: Stage) -> Iterator[None]:
        console = self._console
        if stage.text:
            console.show(stage.text)
        if not self._family.dnf:
            if stage.text:
                console.log(stage.text, name="anaconda")
            yield
            if stage.text:
                console.log(stage.text, name="anaconda")
                console.dot()
            return
        if stage.text:
            self._log(stage.text, part="progress")
        self._log(f"Queue started: {stage.queue} ({self._next}/{len(self._stages)})")
        for number, task in enumerate(stage.tasks):
            self._done += 1
            count = f"{task} ({self._done}/{self._tasks})"
            self._log(f"Task started: {count}")
            if number == 0:
                yield
            self._log(f"Task completed: {count} (0.1 s)", level="DEBUG")
        if not stage.tasks:
            yield
        console.dot()

    def _log(self, text: str, *, level: str = "INFO", part: str = "installation") -> None:
        self._console.log(text, name="anaconda", level=level, part=part)
