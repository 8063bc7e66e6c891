"""What dnf leaves in an installed system; here for those who seal and audit a template of EL."""

from pathlib import Path

_FILES = {
    "etc/dnf/dnf.conf": (
        "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n"
        "skip_if_unavailable=False\n"
    ),
    "etc/yum.repos.d/rehearsal.repo": (
        "[baseos]\nname=Builder Rehearsal - BaseOS\nenabled=0\n"
        "baseurl=http://rehearsal.example/BaseOS/\n"
    ),
    "var/cache/dnf/anaconda-0000-cdrom/repodata/repomd.xml": "<repomd/>\n",
    "var/lib/dnf/history.sqlite": "no database, but a trace of the installation\n",
    "var/log/dnf.log": "Installed: bash\n",
}


def leave(sysroot: Path) -> None:
    """Write dnf's configuration, and its cache, history and log of this installation."""
    for name, text in _FILES.items():
        file = sysroot / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
