"""Kickstarts in the shape of public ones: short, each of one topic, as installers are tested with.

Whatever a syntax of RHEL or Fedora knows occurs at least once. They need not install anything.
"""

_COMMON = """\
lang en_US.UTF-8
keyboard --vckeymap=us
timezone Etc/UTC --utc
rootpw --lock
"""
_DISK = "zerombr\nclearpart --all --initlabel\nautopart\n"
_CORE = "%packages\n@core\n%end\n"
_POST = "%post\nif [ ! -e /etc/fstab ]; then\n    echo 'no fstab' >/root/RESULT\nfi\n%end\n"


def _made(*parts: str, common: str = _COMMON, end: str = _CORE + _POST) -> str:
    return common + "".join(f"{part}\n" for part in parts) + end


SHAPES: dict[str, str] = {
    "autopart": _made("text", "cdrom", "bootloader --timeout=1", _DISK, "shutdown"),
    "autopart-lvm": _made("cmdline", "url --url=http://h/os/", "autopart --type=lvm", "poweroff"),
    "autopart-thin": _made("graphical", "zerombr", "autopart --type=thinp --encrypted", "reboot"),
    "autopart-noswap": _made("text", "autopart --noswap --noboot --nohome", "shutdown"),
    "reqpart": _made(
        "text",
        "clearpart --all --disklabel=gpt",
        "reqpart --add-boot",
        "part / --fstype=ext4 --size=4400 --grow",
        "shutdown",
    ),
    "partition": _made(
        "ignoredisk --only-use=vda",
        "clearpart --drives=vda --all",
        "partition biosboot --fstype=biosboot --size=1",
        "partition /boot --fstype=ext4 --size=1024 --label=boot",
        'partition / --fstype=xfs --size=4096 --grow --mkfsoptions="-m bigtime=0"',
        "halt",
    ),
    "raid": _made(
        "part raid.01 --size=500 --ondisk=vda",
        "part raid.02 --size=500 --ondisk=vdb",
        "part raid.11 --size=6000 --ondisk=vda --grow",
        "part raid.12 --size=6000 --ondisk=vdb --grow",
        "raid /boot --level=1 --device=boot --fstype=ext4 raid.01 raid.02",
        "raid / --level=RAID1 --device=root --fstype=xfs --chunksize=512 raid.11 raid.12",
        "shutdown",
    ),
    "logvol": _made(
        "part /boot --size=1024 --fstype=xfs",
        "part pv.1 --size=8192 --grow",
        "volgroup fedora --pesize=4096 pv.1",
        "logvol / --vgname=fedora --size=4096 --name=root --fstype=xfs",
        "logvol swap --vgname=fedora --recommended --name=swap",
        "logvol none --vgname=fedora --size=1024 --name=pool --thinpool --metadatasize=16",
        "logvol /home --vgname=fedora --size=500 --name=home --thin --poolname=pool",
        "snapshot fedora/home --name=before --when=post-install",
        "shutdown",
    ),
    "btrfs": _made(
        "part btrfs.1 --size=6000 --ondisk=vda",
        "btrfs none --label=top --data=single btrfs.1",
        "btrfs / --subvol --name=root LABEL=top",
        "shutdown",
    ),
    "mount": _made("text", "mount /dev/vda1 /boot", "mount /dev/vda2 / --reformat=xfs", "shutdown"),
    "escrow": _made(
        "part / --size=4096 --encrypted --escrowcert=http://h/cert.pem --luks-version=luks2",
        "shutdown",
    ),
    "multiple-disks": _made(
        "ignoredisk --drives=vdc",
        "clearpart --none --initlabel",
        "bootloader --location=mbr --boot-drive=vda --append='nomodeset quiet'",
        "part / --size=4096 --onpart=vda1 --fstype=ext4",
        "shutdown",
    ),
    "network-static": _made(
        "network --device=ens3 --bootproto=static --ip=192.0.2.9 --netmask=255.255.255.0"
        " --gateway=192.0.2.1 --nameserver=192.0.2.53 --activate",
        "network --device=ens4 --bootproto=dhcp --onboot=no --noipv6",
        "network --hostname=box.example",
        _DISK,
        "shutdown",
    ),
    "network-bond": _made(
        "network --device=bond0 --bootproto=dhcp --bondslaves=ens3,ens4"
        " --bondopts=mode=active-backup,primary=ens3",
        "network --device=ens5 --vlanid=171 --interfacename=vlan171 --bootproto=dhcp",
        "network --device=br0 --bridgeslaves=ens6 --bridgeopts=priority=1000,stp=yes",
        _DISK,
        "shutdown",
    ),
    "network-team": _made(
        'network --device=team0 --bootproto=dhcp --teamslaves="ens3\'{\\"prio\\": 1}\',ens4"',
        _DISK,
        "shutdown",
    ),
    "network-bindto": _made(
        "network --device=52:54:00:12:34:56 --bindto=mac --bootproto=dhcp --mtu=1400",
        _DISK,
        "shutdown",
    ),
    "harddrive": _made("harddrive --partition=vdb1 --dir=/isos", _DISK, "shutdown"),
    "nfs": _made("nfs --server=h --dir=/os --opts=vers=4", _DISK, "shutdown"),
    "url-proxy": _made(
        "url --mirrorlist=http://h/list --proxy=http://p:3128 --noverifyssl",
        "repo --name=extra --baseurl=http://h/extra --cost=10 --excludepkgs=zsh --install",
        _DISK,
        "shutdown",
    ),
    "liveimg": _made(
        "liveimg --url=http://h/live.img --checksum=" + "0" * 64, _DISK, "shutdown", end=_POST
    ),
    "ostree": _made(
        "ostreesetup --nogpg --osname=os --remote=os --url=http://h/repo --ref=os/stable",
        _DISK,
        "shutdown",
        end=_POST,
    ),
    "ostreecontainer": _made(
        "ostreecontainer --url=h/os:latest --no-signature-verification", _DISK, "reboot", end=""
    ),
    "bootc": _made("bootc --source-imgref=registry:h/os:latest", _DISK, "reboot", end=""),
    "user": _made(
        "group --name=wine --gid=1100",
        "user --name=joe --uid=1099 --groups=wheel,wine --iscrypted --password=$6$s$h",
        "user --name=ann --lock --gecos='Ann of the lab' --homedir=/srv/ann",
        'sshpw --username=root --iscrypted "$6$s$h"',
        _DISK,
        "shutdown",
    ),
    "sshkey": _made('sshkey --username=root "ssh-ed25519 AAAA joe"', _DISK, "shutdown"),
    "services": _made(
        "services --enabled=sshd,chronyd --disabled=kdump",
        "firewall --enabled --port=imap:tcp,1234:udp --service=ssh --trust=ens3",
        "selinux --permissive",
        "skipx",
        "firstboot --disable",
        "eula --agreed",
        _DISK,
        "shutdown",
    ),
    "auth": _made("auth --enableshadow --passalgo=sha512", _DISK, "shutdown"),
    "authconfig": _made("authconfig --enablekrb5 --krb5realm=EXAMPLE", _DISK, "shutdown"),
    "authselect": _made("authselect select sssd with-mkhomedir", _DISK, "shutdown"),
    "realm": _made("realm join --no-password example.test", _DISK, "shutdown"),
    "timezone-old": _made(
        _DISK, "timezone Europe/Prague --isUtc --ntpservers=ntp.example", "shutdown"
    ),
    "timesource": _made(
        "timesource --ntp-server=ntp.example --nts", "timesource --ntp-pool=pool.example", _DISK
    ),
    "modules": _made(
        "module --name=nodejs --stream=18", _DISK, "shutdown", end="%packages\n@nodejs:18\n%end\n"
    ),
    "subscription": _made(
        "rhsm --organization=1 --activation-key=k --connect-to-insights --server-hostname=h",
        "syspurpose --role=server --sla=standard --usage=test --addon=x",
        _DISK,
        "shutdown",
    ),
    "remote-desktops": _made(
        "vnc --host=h --port=5500",
        "rdp --username=u",
        "xconfig --startxonboot --defaultdesktop=GNOME",
        _DISK,
        "shutdown",
    ),
    "storage-networks": _made(
        "fcoe --nic=ens3 --dcb",
        "iscsiname iqn.2024-01.test.example:box",
        "iscsi --target=iqn.2024-01.test.example:disk --ipaddr=192.0.2.7 --port=3260",
        "zfcp --devnum=0.0.4000 --wwpn=0x5005076300c213e9 --fcplun=0x5022000000000000",
        "nvdimm use --namespace=namespace0.0",
        "dmraid --name=left --dev=sda",
        "multipath --name=mpatha --device=sda --rule=multibus",
        "zipl --secure-boot",
        _DISK,
        "shutdown",
    ),
    "of-old": _made(
        "install",
        "upgrade",
        "autostep --autoscreenshot",
        "device scsi",
        "deviceprobe",
        "unsupported_hardware",
        "mediacheck",
        "logging --host=h --level=debug",
        _DISK,
        "shutdown",
        end="%packages --nobase --ignoremissing\n@core\n%end\n",
    ),
    "sources-besides": _made(
        "hmc",
        "logging --host=h --port=514",
        "driverdisk vdb1",
        "updates http://h/updates.img",
        "rescue --nomount",
        _DISK,
    ),
    "scripts": _made(
        _DISK,
        "method",
        "reboot --eject",
        end="%pre --interpreter=/usr/bin/python3 --log=/tmp/pre.log\nprint('%packages')\n%end\n"
        "%pre-install\nmkdir -p /mnt/sysimage/x\n%end\n"
        "%post --nochroot --erroronfail\ncp /tmp/*.log /mnt/sysimage/root\n%end\n"
        "%onerror\necho failed\n%end\n%traceback\necho failed\n%end\n"
        "%addon com_redhat_kdump --enable --reserve-mb=auto\n%end\n"
        "%anaconda\npwpolicy root --minlen=8 --strict --nochanges --notempty\n%end\n"
        "%packages --excludedocs --timeout=5 --retries=2 --multilib\n@^minimal-environment\n"
        "kernel # why\n-zsh*\n%end\n",
    ),
    "packages": _made(
        _DISK,
        "shutdown",
        end="%packages --exclude-weakdeps --inst-langs=en:cs\n@core --nodefaults\nvim\n-@x\n%end\n"
        "%packages --excludeWeakdeps --instLangs=en\n%end\n",
    ),
    "includes": "%include /tmp/disk.ks\n%ksappend common.ks\n" + _made("shutdown", end=_CORE),
    "nothing": "",
    "wrong": _made(
        "lang", "nosuch --x", "part", "network --bootproto=static", end="%nosuch\n%end\n"
    ),
    "unfinished": _made(_DISK, end="%packages\n@core\n"),
}
