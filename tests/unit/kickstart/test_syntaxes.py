"""What media say of themselves, and the syntax that their installers read."""

import pytest

from builder.kickstart.syntaxes import named_by, of_medium


@pytest.mark.parametrize(
    ("product", "version", "syntax"),
    [
        ("CentOS", "7", "RHEL7"),
        ("Red Hat Enterprise Linux", "7.9", "RHEL7"),
        ("Oracle Linux Server", "8.10", "RHEL8"),
        ("Rocky Linux", "9.6", "RHEL9"),
        ("AlmaLinux", "10.1", "RHEL10"),
        ("CentOS Stream", "10", "RHEL10"),
        ("Rocky Linux 8", "Rocky Linux 8", "RHEL8"),
        ("7.9", "7.9", "RHEL7"),
        ("Red Hat Enterprise Linux", "99.1", "RHEL11"),
        ("Fedora", "43", "F43"),
        ("Fedora-Server", "41", "F41"),
        ("Fedora", "99", "F46"),
        ("Fedora", "Rawhide", ""),
        ("Fedora 41", "Fedora 41", "F41"),
        ("41", "41", "F41"),
        ("8", "8", "RHEL8"),
        ("Scientific Linux", "7.9", "RHEL7"),
        ("oVirt Node", "4.4", ""),
        ("Qubes", "4.2", ""),
        ("openEuler", "22.03-LTS", ""),
        ("RED OS", "8", ""),
        ("151209", "151209", ""),
        ("CentOS", "2.1", ""),
        ("", "", ""),
    ],
)
def test_syntax(product: str, version: str, syntax: str) -> None:
    assert of_medium(product, version) == syntax


@pytest.mark.parametrize(
    ("said", "syntax"),
    [
        ("RHEL8", "RHEL8"),
        ("F40", "F40"),
        ("NONE", ""),
        ("", ""),
        # Anaconda of EL 7 wrote it, and takes what the newest does not.
        ("DEVEL", ""),
        ("devel", ""),
    ],
)
def test_what_a_kickstart_names(said: str, syntax: str) -> None:
    assert named_by(f"cmdline\n#version={said}\n") == syntax
