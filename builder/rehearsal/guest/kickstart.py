"""A kickstart file into an Order; with kickstart_storage the only module that knows pykickstart."""

import warnings
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pykickstart import constants
from pykickstart.errors import KickstartError, KickstartWarning
from pykickstart.parser import KickstartParser
from pykickstart.parser import Script as ParsedScript
from pykickstart.sections import NullSection, PreScriptSection
from pykickstart.version import makeVersion

from builder.rehearsal.guest.kickstart_storage import disk_name, storage
from builder.rehearsal.guest.model import (
    Bootloader,
    FinalAction,
    Link,
    Locale,
    Network,
    Order,
    Password,
    Script,
    ScriptKind,
    Software,
    User,
)

_KINDS = {
    constants.KS_SCRIPT_PRE: ScriptKind.PRE,
    constants.KS_SCRIPT_PREINSTALL: ScriptKind.PRE_INSTALL,
    constants.KS_SCRIPT_POST: ScriptKind.POST,
    constants.KS_SCRIPT_ONERROR: ScriptKind.ON_ERROR,
    constants.KS_SCRIPT_TRACEBACK: ScriptKind.TRACEBACK,
}
_NOTED = ("selinux", "firewall", "firstboot", "skipx", "eula", "auth", "logging", "repo")
_OTHER_SECTIONS = (
    "%pre-install",
    "%post",
    "%onerror",
    "%traceback",
    "%packages",
    "%addon",
    "%anaconda",
    "%certificate",
)


class SyntaxFailure(Exception):  # it is about the user's file
    """The kickstart does not parse; the message is pykickstart's."""


class _PreParser(KickstartParser):  # type: ignore[misc]  # pykickstart has no types
    """Reads nothing but %pre, whose scripts may yet write files that the rest includes."""

    def handleCommand(self, _lineno: int, _args: list[str]) -> None:  # their name
        pass

    def setupSections(self) -> None:  # their name
        self._sections: dict[str, Any] = {}
        self.registerSection(PreScriptSection(self.handler, dataObj=ParsedScript))
        for name in _OTHER_SECTIONS:
            self.registerSection(NullSection(self.handler, sectionOpen=name))


def read_pre(path: Path, *, syntax: str) -> tuple[Script, ...]:
    """Return the %pre scripts. Raises SyntaxFailure."""
    handler = makeVersion(syntax)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # told when the whole is read
        _parse(_PreParser(handler, missingIncludeIsFatal=False), path)
    return tuple(_script(script) for script in handler.scripts)


def read(path: Path, *, syntax: str) -> Order:
    """Return the whole kickstart as its `syntax` (RHEL9) has it. Raises SyntaxFailure."""
    handler = makeVersion(syntax)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _parse(KickstartParser(handler), path)
    told = [str(each.message) for each in caught if issubclass(each.category, KickstartWarning)]
    return replace(_order(handler), warnings=tuple(dict.fromkeys(told)))


def _parse(parser: KickstartParser, path: Path) -> None:
    try:
        parser.readKickstart(str(path))
    except KickstartError as error:
        raise SyntaxFailure(str(error)) from error
    except ValueError as error:  # shlex, for a quotation that never ends
        raise SyntaxFailure(f"The kickstart file cannot be read: {error}") from error


def _order(handler: Any) -> Order:  # noqa: ANN401  # pykickstart has no types
    return Order(
        storage=storage(handler),
        bootloader=_bootloader(handler.bootloader),
        root=_password(handler.rootpw),
        users=tuple(_user(user) for user in handler.user.userList),
        network=_network(handler.network.network),
        locale=_locale(handler),
        software=_software(handler.packages),
        services_enabled=tuple(handler.services.enabled),
        services_disabled=tuple(handler.services.disabled),
        scripts=tuple(_script(script) for script in handler.scripts),
        source=_source(handler.url),
        final=_final(handler),
        interactive=not _is_cmdline(handler),
        noted=tuple(name for name in _NOTED if _is_seen(handler, name)),
    )


def _is_seen(handler: Any, name: str) -> bool:  # noqa: ANN401
    # A command that this syntax has no more is not there at all.
    return name in handler.commands and bool(handler.commands[name].seen)


def _bootloader(line: Any) -> Bootloader:  # noqa: ANN401
    timeout = 5 if line.timeout is None else line.timeout
    location = "none" if line.disabled else (line.location or "mbr")
    return Bootloader(
        append=line.appendLine or "",
        location=location,
        timeout=timeout,
        disk=disk_name(line.bootDrive),
    )


def _password(line: Any) -> Password:  # noqa: ANN401
    return Password(text=line.password or "", crypted=bool(line.isCrypted), lock=bool(line.lock))


def _user(line: Any) -> User:  # noqa: ANN401
    return User(
        name=line.name,
        groups=tuple(group.strip() for group in line.groups if group.strip()),
        password=_password(line),
        uid=line.uid,
        gid=line.gid,
        gecos=line.gecos or "",
        home=line.homedir or "",
        shell=line.shell or "",
    )


def _network(lines: Iterable[Any]) -> Network:
    names = [line.hostname for line in lines if line.hostname]
    return Network(
        hostname=names[-1] if names else "",
        links=tuple(_link(line) for line in lines if line.device or not line.hostname),
    )


def _link(line: Any) -> Link:  # noqa: ANN401
    device = "" if line.device in ("link", "bootif", "ibft") else line.device
    servers = tuple(server.strip() for server in (line.nameserver or "").split(","))
    return Link(
        device=device,
        dhcp=line.bootProto != "static",
        address=line.ip or "",
        netmask=line.netmask or "",
        gateway=line.gateway or "",
        nameservers=tuple(server for server in servers if server),
        onboot=bool(line.onboot),
    )


def _locale(handler: Any) -> Locale:  # noqa: ANN401
    keyboard = handler.keyboard
    layouts = [keyboard.vc_keymap, *keyboard.x_layouts, keyboard.keyboard]
    return Locale(
        language=handler.lang.lang or "",
        keyboard=next((layout for layout in layouts if layout), ""),
        timezone=handler.timezone.timezone or "",
        utc=bool(handler.timezone.isUtc),
    )


def _software(section: Any) -> Software:  # noqa: ANN401
    environment = [f"^{section.environment}"] if section.environment else []
    return Software(
        packages=tuple(section.packageList),
        groups=(*environment, *(group.name for group in section.groupList)),
        excluded=tuple(section.excludedList),
        ignore_missing=section.handleMissing == constants.KS_MISSING_IGNORE,
    )


def _source(line: Any) -> str:  # noqa: ANN401
    return line.url or line.mirrorlist or "" if line.seen else ""


def _script(script: Any) -> Script:  # noqa: ANN401
    return Script(
        kind=_KINDS[script.type],
        text=script.script,
        interpreter=script.interp,
        chroot=bool(script.inChroot),
        line=script.lineno or 0,
        log=script.logfile or "",
        error_on_fail=bool(script.errorOnFail),
    )


def _final(handler: Any) -> FinalAction | None:  # noqa: ANN401
    line = handler.reboot
    if line.action == constants.KS_REBOOT:
        return FinalAction.REBOOT
    if line.action == constants.KS_SHUTDOWN:
        return FinalAction.POWEROFF
    return FinalAction.HALT if line.currentCmd == "halt" else None


def _is_cmdline(handler: Any) -> bool:  # noqa: ANN401
    modes = [handler.commands[name] for name in ("cmdline", "text", "graphical")]
    return any(mode.displayMode == constants.DISPLAY_MODE_CMDLINE for mode in modes)
