"""How the installers of the families differ in what they ask, say and leave behind."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family's installer."""

    name: str
    syntax: str
    """pykickstart's name of its kickstart syntax."""
    gpt: bool = False
    """Whether disks get a GPT under BIOS as well."""
    dnf: bool = True
    """Whether packages are installed by dnf, by yum else."""
    keeps_kickstart: bool = True
    """Whether /root/anaconda-ks.cfg is there before %post."""
    post_scripts: bool = True
    """Whether it copies its logs by scripts of its own, last of the %post, which /tmp/NOSAVE_*
    stop; else the installer itself does, which only inst.nosave= stops."""
    verifies: bool = True
    """Whether each package is verified in the end."""
    strict_services: bool = True
    """Whether a service to enable that is not there ends the installation."""
    network_files: str = "keyfile"
    """What is written of network cards: ifcfg or keyfile."""
    bls: bool = True
    """Whether boot entries are files of their own, which the machine-id names."""
    literal_options: bool = True
    """Whether boot entries hold the kernel's arguments themselves, and not $kernelopts."""
    software: str = "Installing."
    """The screen's word for the installation of the software."""
    certificates: bool = True
    """Whether it has a stage for certificates of the kickstart."""


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="el7",
            syntax="RHEL7",
            dnf=False,
            keeps_kickstart=False,
            strict_services=False,
            network_files="",
            verifies=False,
            certificates=False,
            bls=False,
        ),
        Family(
            name="el8",
            syntax="RHEL8",
            network_files="ifcfg",
            certificates=False,
            literal_options=False,
        ),
        Family(name="el9", syntax="RHEL9"),
        Family(
            name="el10",
            syntax="RHEL10",
            gpt=True,
            post_scripts=False,
            verifies=False,
            strict_services=False,
            software="Installing the software",
        ),
    )
}
