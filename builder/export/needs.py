"""What a machine must have that is to boot an export, where neither file nor tool sees to it."""

_LIBVIRT = "a machine with UEFI: `virt-install --boot uefi`"
_VIRTUALBOX = "`VBoxManage modifyvm NAME --firmware efi`"
_NEEDS = {
    ("raw", "uefi"): _LIBVIRT,
    ("qcow2", "uefi"): _LIBVIRT,
    # vSphere gives UEFI to the guests of newer systems unless it is told otherwise.
    ("vmdk", "bios"): "a machine with BIOS: in VMware's .vmx, firmware = bios",
    ("vmdk", "uefi"): (
        f"a machine with UEFI: in VMware's .vmx, firmware = efi; in VirtualBox, {_VIRTUALBOX}"
    ),
    ("vhdx", "bios"): "a machine of generation 1",
    ("vhdx", "uefi"): (
        "a machine of generation 2, its Secure Boot off or with the template "
        "MicrosoftUEFICertificateAuthority"
    ),
    ("ova", "uefi"): (
        f"UEFI, for which its descriptor asks VMware; in VirtualBox, {_VIRTUALBOX} after the import"
    ),
    ("vagrant", "uefi"): (
        "UEFI: libvirt.loader and libvirt.nvram in the Vagrantfile, set to the host's OVMF"
    ),
    ("oci", "uefi"): "UEFI: in the machine's domain, firmware.bootloader.efi.secureBoot: false",
}


def needs(form: str, firmware: str) -> str:
    """Return what users of that format must see to; empty where all comes by itself.

    What boots with both, a hybrid image, starts with whatever a machine has.
    """
    return _NEEDS.get((form, firmware), "")
