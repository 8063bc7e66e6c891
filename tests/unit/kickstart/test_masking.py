"""What opens something: each kind in each spelling, and what only looks like it."""

import re
import shlex
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis.strategies import lists, randoms, sampled_from
from pykickstart.version import makeVersion

from builder.kickstart.masking import mask, secrets
from builder.kickstart.names import BARE, OPTIONS, VALUELESS, begun
from builder.model.hiding import MARK
from tests.unit.kickstart.test_render import HASH

BCRYPT = "$2b$12$" + "a" * 53
YESCRYPT = f"$y$j9T$F5Jx5fExrKuPp53xLKQ..1${'b' * 43}"
GRUB = "grub.pbkdf2.sha512.10000." + "AB12" * 32 + "." + "CD34" * 32


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("rootpw Tiger-77x", "rootpw M"),
        ("rootpw --plaintext 'a b'", "rootpw --plaintext M"),
        ("rootpw a\\ b --iscrypted", "rootpw M --iscrypted"),
        ('  rootpw "never ends', "  rootpw M"),
        ("rootpw -- --looks-like-one", "rootpw M M"),
        ("#rootpw old", "#rootpw M"),
        ("# rootpw old", "# rootpw M"),
        ("rootpw --lock # was x", "rootpw --lock # M"),
        ("rootpw x # was y", "rootpw M # M"),
        ("rootpw x#was y z", "rootpw M M"),
        ("user --name=a --password=x#was y", "user --name=a --password=M M"),
        ("user --name=a --iscrypted # --pass=y", "user --name=a --iscrypted # --pass=M"),
        ("lang C # rootpw x", "lang C # rootpw M"),
        ("## rootpw x", "## rootpw M"),
        ("# once: rootpw '#x'", "# once: rootpw M"),
        ("# as 'user --password=x y'", "# as 'user --password=M"),
        ("rootpw --plaintext '#x'", "rootpw --plaintext M"),
        ('rootpw "#x y" --plaintext', "rootpw M --plaintext"),
        ("rootpw \\#x", "rootpw M"),
        ('user --name=a --plaintext --password "#x y"', "user --name=a --plaintext --password M"),
        ('sshpw --username=watch --plaintext "#x"', "sshpw --username=watch --plaintext M"),
        ("network --essid='#lab' --wpakey '#x'", "network --essid='#lab' --wpakey M"),
        (f"rootpw --iscrypted {HASH}", "rootpw --iscrypted M"),
        ("sshpw --username=watch x --plaintext", "sshpw --username=watch M --plaintext"),
        ("user --name=a --password=b", "user --name=a --password=M"),
        ("user --password b --name=a", "user --password M --name=a"),
        ("user --name=a --passw=b", "user --name=a --passw=M"),
        ('user --name=a --password="a b"', "user --name=a --password=M"),
        ("user '--password=a b' --name=a", "user --password=M --name=a"),
        ('user --pass"word"=b --name=a', "user --password=M --name=a"),
        ("user --name=a --password='never ends", "user --name=a --password=M"),
        ("user --name=a --password=a#b", "user --name=a --password=M"),
        ("user --name=a --password=a\u00a0b", "user --name=a --password=M"),
        ("bootloader --password=x --iscrypted", "bootloader --password=M --iscrypted"),
        ("bootloader --md5pass=$1$x", "bootloader --md5pass=M"),
        ("part / --size=1 --passphrase=x", "part / --size=1 --passphrase=M"),
        ("logvol / --passphrase x --vgname=v", "logvol / --passphrase M --vgname=v"),
        ("autopart --encrypted --hw-passphrase=x", "autopart --encrypted --hw-passphrase=M"),
        ("network --wepkey=x --essid=lab", "network --wepkey=M --essid=lab"),
        ("network --wp=x --essid=lab", "network --wp=M --essid=lab"),
        ("vnc --password=x --host=h", "vnc --password=M --host=h"),
        ("iscsi --password=x --reverse-password=y", "iscsi --password=M --reverse-password=M"),
        ("rhsm --organization=1 --activation-key=x", "rhsm --organization=1 --activation-key=M"),
        ("realm join --one-time-password x h", "realm join --one-time-password M M"),
        ("url --url=http://u:p@ss@h/x", "url --url=http://M@h/x"),
        ("url --url=https://token@h/x", "url --url=https://M@h/x"),
        ("url --url=http://h/a@b", "url --url=http://h/a@b"),
        ("ostreesetup --url=ssh://git@h/x", "ostreesetup --url=ssh://git@h/x"),
        ("repo --baseurl=ftp://h/ --proxy=u:p@h:1", "repo --baseurl=ftp://h/ --proxy=M@h:1"),
        ('repo --baseurl="http://u:p w@h/x"', 'repo --baseurl="http://M@h/x"'),
        ("repo --baseurl='http://u:p\"w@h'", "repo --baseurl='http://M@h'"),
        ("repo --baseurl http://u:p\\'w@h", "repo --baseurl http://M@h"),
        ("repo --baseurl=http://u:p w@h --cost=1", "repo --baseurl=http://M@h --cost=1"),
        ("repo --baseurl='http://my user:p@h'", "repo --baseurl='http://M@h'"),
        ("url --url=http://u:<p>@h/x", "url --url=http://M@h/x"),
        ("url --url=http://u:p/w@h/x", "url --url=http://M@h/x"),
        ("url --url http\\://u\\:p\\@h/x", "url --url http://M@h/x"),
        ("url --url http\\://u:p\\ \\#-w@h", "url --url http://M@h"),
        ("url --url='http://u:p/w@h' --noverifyssl", "url --url='http://M@h' --noverifyssl"),
        ("url --url=http://h:80/a@b", "url --url=http://h:80/a@b"),
        ("url --url=http://[::1]/a@b", "url --url=http://[::1]/a@b"),
        ("url --url=http://h:80 --proxy=u:p/w@h", "url --url=http://h:80 --proxy=M@h"),
        ("url --url=http://h --proxy 'u:p w@h'", "url --url=http://h --proxy 'M@h'"),
        ("url --url=http://h --proxy='http://u:p w@h'", "url --url=http://h --proxy='http://M@h'"),
        ("url --url=https://h --sslclientkey=x", "url --url=https://h --sslclientkey=M"),
        ("rootpw --plaintext=x", "rootpw --plaintext=M"),
        ("rootpw --iscrypted=x", "rootpw --iscrypted=M"),
        ("rootpw --lock=x", "rootpw --lock=M"),
        ("rootpw --plain=x y", "rootpw --plain=M M"),
        ("sshpw --username=a --lock=x", "sshpw --username=a --lock=M"),
        ("user --name=a --plaintext=x", "user --name=a --plaintext=M"),
        ("autopart --encrypted=x", "autopart --encrypted=M"),
        ("rootpw=x", "rootpw=M"),
        ("sshpw:x --plaintext", "sshpw:M --plaintext"),
        ("Rootpw x", "Rootpw M"),
        ("user --password= x --name=a", "user --password=M M --name=a"),
        ("part --passphrase=x y --size=1 /", "part --passphrase=M M --size=1 /"),
        ("user --password x y --name=a", "user --password M M --name=a"),
        (
            'bootloader --append="quiet inst.vncpassword=x a=b" --timeout=1',
            'bootloader --append="quiet inst.vncpassword=M" --timeout=1',
        ),
        ("bootloader --append=rd.iscsi.password=x", "bootloader --append=rd.iscsi.password=M"),
        (
            "bootloader --append 'inst.rdp.password=x y'",
            "bootloader --append 'inst.rdp.password=M'",
        ),
        ("bootloader --append='a=\"password=x y\"'", "bootloader --append='a=\"password=M'"),
        (
            "bootloader --append='systemd.set_credential=passwd.plaintext-password.root:x'",
            "bootloader --append='systemd.set_credential=M'",
        ),
        (
            "bootloader --append='a netroot=iscsi:u:x@h'",
            "bootloader --append='a netroot=iscsi:M@h'",
        ),
        ("bootloader --append='root=cifs:u:x@h'", "bootloader --append='root=cifs:M@h'"),
        ("bootloader --append='proxy=http://u:x@h'", "bootloader --append='proxy=http://M@h'"),
        ("bootloader --append='inst.proxy=u:x@h:80'", "bootloader --append='inst.proxy=M@h:80'"),
        (
            "bootloader --append='netroot=iscsi:h::::n'",
            "bootloader --append='netroot=iscsi:h::::n'",
        ),
        ("bootloader --append='netroot=iscsi:x@h'", "bootloader --append='netroot=iscsi:M@h'"),
        ("bootloader --append=root=nbd:u:x@h", "bootloader --append=root=nbd:M@h"),
        (
            "bootloader --append='cifsuser=u,cifspass=x'",
            "bootloader --append='cifsuser=u,cifspass=M'",
        ),
        (
            "bootloader --append=rd.nvmf.dhchap_secret=x",
            "bootloader --append=rd.nvmf.dhchap_secret=M",
        ),
        ("bootloader --append=rd.luks.key=x", "bootloader --append=rd.luks.key=M"),
        ("bootloader --append=rd.luks.key=/x:UUID=y", "bootloader --append=rd.luks.key=/x:UUID=y"),
        ("bootloader --append='a.token=x b=c'", "bootloader --append='a.token=M'"),
        ("bootloader --append=vconsole.keymap=us", "bootloader --append=vconsole.keymap=us"),
        ("bootloader --append=acpi.hotkey=on", "bootloader --append=acpi.hotkey=on"),
        ("bootloader --append=iommu.passthrough=1", "bootloader --append=iommu.passthrough=1"),
        ("nfs --server=h --opts='vers=3,pass=x'", "nfs --server=h --opts='vers=3,pass=M'"),
        ("url --url=https://h/?token=x", "url --url=https://h/?token=M"),
        ("url --url='https://h/?a=b&api_key=x&c=d'", "url --url='https://h/?a=b&api_key=M'"),
        ("url --url=https://h/?X-Amz-Signature=x", "url --url=https://h/?X-Amz-Signature=M"),
        ("repo --name=a --baseurl=h?sv=1&sig=x", "repo --name=a --baseurl=h?sv=1&sig=M"),
        ("url --mirrorlist=h?arch=a&design=b", "url --mirrorlist=h?arch=a&design=b"),
        ("realm join --user=u%x h", "realm join --user=u%M h"),
        ("user --name=a --password #x", "user --name=a --password #M"),
        ("part / --size=1 --passphr #x y", "part / --size=1 --passphr #M"),
        ("vnc --password   # x", "vnc --password   # M"),
        ("user --name=a --passwrod=x", "user --name=a --passwrod=M"),
        ("user --name=a --passwrod x", "user --name=a --passwrod M"),
        ("user --name=a --Password x", "user --name=a --Password M"),
        ("user --name=a --password: x", "user --name=a --password:M M"),
        ("user --name=a -password x", "user --name=a -pM M"),
        ("user --name=a -p x", "user --name=a -p M"),
        ("user --name=a -px", "user --name=a -pM"),
        ("user --name=a --pw x", "user --name=a --pw M"),
        ("user --name=a --root-pwd=x", "user --name=a --root-pwd=M"),
        ("network --wepky=x --essid=lab", "network --wepky=M --essid=lab"),
        ("rhsm --activation-kye x", "rhsm --activation-kye M"),
        (";rootpw x", ";rootpw M"),
        ("\ufeffrootpw x", "\ufeffrootpw M"),
        ("%include http://u:p@h/x", "%include http://M@h/x"),
        ("timezone --utc Europe/Zurich # a comment", "timezone --utc Europe/Zurich # a comment"),
    ],
)
def test_a_line(line: str, masked: str) -> None:
    assert mask(line) == masked.replace("M", "**masked**")
    assert mask(mask(line)) == mask(line)


@pytest.mark.parametrize(
    ("script", "masked"),
    [
        ("rootpw --plaintext x", "rootpw M"),  # written for an %include
        ("part / --passphrase=x", "part / --passphrase=M"),
        ("mkdir -p a --parents b", "mkdir -p a --parents b"),
        ("echo vnc --pa=x", "echo vnc --pa=M"),
        ("network --essid=lab --wpak=x", "network --essid=lab --wpak=M"),
        ("echo autopart --p x", "echo autopart --p M"),
        ('echo "rootpw x"', 'echo "rootpw M'),
        ("echo 'sshpw --username=a x y' >f", "echo 'sshpw M"),
        ("echo 'vnc \"--password\"=x' >f", 'echo \'vnc "--password"=M'),
        ("echo 'root\"\"pw x' >f", 'echo \'root""pw M'),
        ("echo 'vnc --pass\"word\"=x' >f", 'echo \'vnc --pass"word"=M'),
        ("echo 'vnc --pass'\"'\"'w'\"'\"'=x' >f", "echo 'vnc --pass'\"'\"'w'\"'\"'=M"),
        ("echo 'vnc --password' x >f", "echo 'vnc --password' M"),
        ("printf 'rootpw\\tx\\n' >f", "printf 'rootpw\\M"),
        ("printf 'rootpw %s\\n' x", "printf 'rootpw M"),
        ("printf 'user --password=%s' x", "printf 'user --password=M"),
        ('print("user --password=" + "x")', 'print("user --password=M'),
        ('print("user", "--password", "x")', 'print("user", "--password"M'),
        ('f.write("rootpw %s\\n" % "x")', 'f.write("rootpw M'),
        ('["rootpw","x"]', '["rootpw"M'),
        ('echo "rootpw"$\'\\t\'"x"', 'echo "rootpw"M'),
        ('echo -e "rootpw\\x20x"', 'echo -e "rootpw\\M'),
        ("ROOTPW=x", "ROOTPW=M"),
        ("grubby --args='inst.vncpassword=x'", "grubby --args='inst.vncpassword=M"),
        ("curl -o f 'http://u:p@h/' --pass x", "curl -o f 'http://M@h/' --pass M"),
        ("f.write('rootpw x')", "f.write('rootpw M"),
        ("sed -i 's/^rootpw.*/rootpw x/' f", "sed -i 's/^rootpwM"),
        ("user --name=a --pass '#x y'", "user --name=a --pass M"),
        ("# rootpw x", "# rootpw M"),
        ("true # rootpw x", "true # rootpw M"),
        ("curl 'http://u:p w@h/x' -o f", "curl 'http://M@h/x' -o f"),
        (f"usermod -p '{HASH}' a", "usermod -p 'M' a"),
        (f"echo 'a:{BCRYPT}' | chpasswd -e", "echo 'a:M' | chpasswd -e"),
        (f"echo 'a:{YESCRYPT}' | chpasswd -e", "echo 'a:M' | chpasswd -e"),
        (f"password_pbkdf2 root {GRUB}", "password_pbkdf2 root M"),
        ("curl http://u:p@h/x", "curl http://M@h/x"),
        ("echo Tiger-77x almalinux", "echo M almalinux"),
        ("echo $1 $6$PATH", "echo $1 $6$PATH"),
        ("password = x", "password = M"),  # of an add-on, or an INI file
        ("  passwd: x y", "  passwd: M"),
        ('{"password": "x"}', '{"password": M'),
        ("api_key=x", "api_key=M"),
        ("key = x", "key = M"),
        ("gpgkey=file:///x", "gpgkey=file:///x"),
        ("echo 'a ALL=(ALL) NOPASSWD: ALL'", "echo 'a ALL=(ALL) NOPASSWD: ALL'"),
        ("sed -i '/^PasswordAuthentication/d' f", "sed -i '/^PasswordAuthentication/d' f"),
        ("sslkey = /x", "sslkey = /x"),
        ("mount -o user=u,pass=x //h/s /m", "mount -o user=u,pass=M"),
        ("net ads join -U u%x", "net ads join -U u%M"),
        ("echo root:x | chpasswd", "echo root:M| chpasswd"),
        ("echo 'x y' | passwd --stdin root", "echo 'M' | passwd --stdin root"),
        ("echo g:x | chgpasswd", "echo g:M| chgpasswd"),
        ("echo 'a:x' | /usr/sbin/chpasswd", "echo 'a:M' | /usr/sbin/chpasswd"),
        ("echo 'a:x' | chroot /mnt chpasswd", "echo 'a:M' | chroot /mnt chpasswd"),
        ("echo 'a:x' | LANG=C chpasswd", "echo 'a:M' | LANG=C chpasswd"),
        ("echo 'a:x' | \\\nchpasswd", "echo 'a:M' | \\\nchpasswd"),
        ("printf 'a:%s\\n' 'x' | chpasswd", "printf 'a:%s\\n' 'M' | chpasswd"),
        ("chpasswd <<EOF\na:x\nb:y z\nEOF", "chpasswd <<EOF\na:M\nb:M\nEOF"),
        ("cat <<'E' | chpasswd\na:x\nE\ntrue", "cat <<'E' | chpasswd\na:M\nE\ntrue"),
        ("chpasswd -c SHA512 <<<'a:x'", "chpasswd -c SHA512 <<<'a:M'"),
        ("passwd --stdin a <<<x", "passwd --stdin a <<<M"),
        ("useradd -m -p x a", "useradd -m -p M"),
        ("mkdir -p x; useradd a", "mkdir -p x; useradd a"),
        ("echo x | cryptsetup luksFormat d", "echo M| cryptsetup luksFormat d"),
        ("curl -sfu a:x http://h", "curl -sfu a:M"),
        ("curl -s \\\n -u a:x http://h", "curl -s \\\n -u a:M"),
        ("curl -u :x http://h", "curl -u :M"),
        ("curl -u u:x http://h", "curl -u u:M"),
        ("mysql -px", "mysql -pM"),
        ("wget --http-password 'x' http://h", "wget --http-password 'M' http://h"),
        ("adduser --disabled-password a", "adduser --disabled-password a"),
        ("echo x | kinit admin", "echo M| kinit admin"),
        ("echo x | podman login -u a h", "echo M| podman login -u a h"),
        ("api_key: x", "api_key: M"),
        ("X=$(openssl passwd -6 x)\nid", "X=$(openssl passwd -6 M)\nid"),
        ("SECRET=$(openssl passwd -6 x)\nid", "SECRET=M\nid"),
        ("openssl passwd -6 -in /x", "openssl passwd -6 -in /x"),
        ("openssl passwd -6 -salt a -stdin < f", "openssl passwd -6 -salt a -stdin < f"),
        ("echo 'root:x;y\"z' | chpasswd", "echo 'root:M' | chpasswd"),
        ("docker login -p 'x|y' h", "docker login -p 'M' h"),
        ("mysql -p'x;y'", "mysql -p'M'"),
        ('ldapsearch -w "x\\"y;z" -b o', 'ldapsearch -w "M" -b o'),
        ("echo root:x\\)y | chpasswd", "echo root:M| chpasswd"),
        ("echo root:x$(id)y | chpasswd", "echo root:M| chpasswd"),
        ('{"api_key": "x)y"}', '{"api_key": "M"}'),
        ("useradd -c it\\'s -p 'x)y' a", "useradd -c it\\'s -p 'M' a"),
        ("openssl passwd -1 -salt $(id) x", "openssl passwd -1 -salt $(id) M"),
        ("psk is not used", "psk is not used"),
        (
            "tool --ssh-key /x --token /y --with-secret z",
            "tool --ssh-key /x --token /y --with-secret z",
        ),
        ("# Authorization: see the manual", "# Authorization: see the manual"),
        ("awk '/-----BEGIN PRIVATE KEY-----/' f\nid", "awk '/-----BEGIN PRIVATE KEY-----/' f\nid"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nA-b: x\ny\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nM\nM\n-----END RSA PRIVATE KEY-----",
        ),
        ("printf '%s\\n' 'x' | passwd --stdin root", "printf '%s\\n' 'M' | passwd --stdin root"),
        ("printf '%s:%s\\n' root x | chpasswd", "printf '%s:%s\\n' root M| chpasswd"),
        ("printf %s x | cryptsetup luksFormat d", "printf %s M| cryptsetup luksFormat d"),
        ("cryptsetup open d n <<<x", "cryptsetup open d n <<<M"),
        ("chpasswd <<< $'a:x'", "chpasswd <<< $'a:M'"),
        ("echo a:x | sudo -n chpasswd", "echo a:M| sudo -n chpasswd"),
        ("useradd -mpx a", "useradd -mpM"),
        ("useradd -Gapp a", "useradd -Gapp a"),
        ('useradd -p "$(openssl passwd -6 x)" a', 'useradd -p "$(openssl passwd -6 M)" a'),
        ("openssl passwd -6 -salt s 'x'", "openssl passwd -6 -salt s 'M'"),
        ("openssl passwd -6 -stdin <f", "openssl passwd -6 -stdin <f"),
        ("print(crypt.crypt('x'))", "print(crypt.crypt('M'))"),
        ("curl -x u:x@h:1 http://h", "curl -x M"),
        ("curl -x h:1 http://h", "curl -x h:1 http://h"),
        ("curl -H 'Authorization: Bearer x' -O", "curl -H 'Authorization: Bearer M' -O"),
        ("curl -sH 'Authorization: Splunk x' -O", "curl -sH 'Authorization: Splunk M' -O"),
        (
            'curl -H "Authorization: Splunk x" -H "X-Api-Key: y" -u a:z h',
            'curl -H "Authorization: Splunk M" -H "X-Api-Key: M" -u a:M',
        ),
        (
            'bash -c "curl -H \\"Authorization: Splunk x\\""',
            'bash -c "curl -H \\"Authorization: Splunk M"',
        ),
        (
            "curl --proxy-header 'Proxy-Authorization: Digest x'",
            "curl --proxy-header 'Proxy-Authorization: Digest M'",
        ),
        ("curl -H 'Authorization: Bearer '\"$T\"", "curl -H 'Authorization: Bearer '\"$T\""),
        ('curl -H "Authorization: Bearer `cat t`"', 'curl -H "Authorization: Bearer `cat t`"'),
        ("# Re-fetch key: see the manual", "# Re-fetch key: see the manual"),
        ("public-ssh-key: ssh-ed25519 A", "public-ssh-key: ssh-ed25519 A"),
        ("ls -lh\nsort_key: name", "ls -lh\nsort_key: name"),
        ("echo root:'x' | chpasswd", "echo root:'M' | chpasswd"),
        ('echo "root":"x" | chpasswd', 'echo "root":"M" | chpasswd'),
        ("echo 'root:x'\\''y' | chpasswd", "echo 'root:M' | chpasswd"),
        ("curl -u user:'x' h", "curl -u user:'M' h"),
        ('curl -u "$U:x" h', 'curl -u "$U:M" h'),
        (
            'openssl passwd -6 -salt "$(openssl rand -hex 8)" x',
            'openssl passwd -6 -salt "$(openssl rand -hex 8)" M',
        ),
        (
            'openssl passwd -6 -salt $(openssl rand -hex 8) "$PW"',
            'openssl passwd -6 -salt $(openssl rand -hex 8) "$PW"',
        ),
        ('wget --header="Authorization: x"', 'wget --header="Authorization: M"'),
        ("curl -fsH 'X-Api-Key: x' -O", "curl -fsH 'X-Api-Key: M' -O"),
        ('curl -H "Authorization: Splunk $T"', 'curl -H "Authorization: Splunk $T"'),
        ("curl -H 'X-Vault-Token:x' http://h", "curl -H 'X-Vault-Token:M' http://h"),
        ("curl -H 'Accept: text/html' http://h", "curl -H 'Accept: text/html' http://h"),
        ("kubeadm join --token x h:1", "kubeadm join --token M"),
        ("kubeadm token create --token-ttl 0", "kubeadm token create --token-ttl 0"),
        ("docker login -u a -p x h", "docker login -u a -p M"),
        ("ipa-client-install -p a -w x", "ipa-client-install -p a -w M"),
        ("htpasswd -bc f a x", "htpasswd -bc f a M"),
        ("nmcli c add type wifi wifi-sec.psk x", "nmcli c add type wifi wifi-sec.psk M"),
        ("echo machine h login a password x >f", "echo machine h login a password M"),
        ("create user a identified by 'x';", "create user a identified by 'M';"),
        ('curl -u "u:$x" http://h', 'curl -u "u:$x" http://h'),
    ],
)
def test_a_script(script: str, masked: str) -> None:
    text = "rootpw Tiger-77x\nuser --name=a --password=almalinux\n%post\n{}\n%end\n"
    found = mask(text.format(script)).splitlines()
    assert found[3:] == [*masked.replace("M", "**masked**").splitlines(), "%end"]


VALUE = "Tiger-77x"
SPELLINGS: tuple[Callable[[str], str], ...] = (
    *[lambda letter: letter] * 8,
    lambda letter: f"\\{letter}",
    lambda letter: f"'{letter}'",
    lambda letter: f'"{letter}"',
    lambda letter: f"''{letter}\"\"",
)
QUOTING: tuple[Callable[[str], str], ...] = (
    lambda line: line,
    lambda line: f"# {line}",
    lambda line: f"%post\n{line}\n",  # for an %include, in a here-document
    lambda line: f"%post\necho {line} >>f\n",
    lambda line: f"%post\necho {shlex.quote(line)} >>f\n",
    lambda line: f"%post\nsh -c {shlex.quote(f'echo {shlex.quote(line)}')}\n",
)
OPENING = [
    *(["user", "--name=a", f"{option}={VALUE}"] for option in OPTIONS),
    *(["user", "--name=a", option, VALUE] for option in OPTIONS),
    *([command, *flag, VALUE] for command in BARE for flag in ([], ["--plaintext"])),
]


@pytest.mark.parametrize("words", OPENING, ids=" ".join)
@settings(max_examples=30)
@given(random=randoms())
def test_however_a_line_is_quoted(words: list[str], random: Random) -> None:
    """Anaconda splits lines as shlex does, whatever letters are in quotes."""
    line = " ".join("".join(random.choice(SPELLINGS)(each) for each in word) for word in words)
    assert shlex.split(line) == words
    for quoted in QUOTING:
        left = mask(quoted(line))
        assert VALUE not in re.sub(r"[\"'\\]", "", left), left


@pytest.mark.parametrize(
    ("script", "masked"),
    [
        ("echo rootpw \\\n  Tiger x\nid", "echo rootpw M\n  M\nid"),
        ("echo rootpw --plaintext \\\nTiger\nid", "echo rootpw M\nM\nid"),
        ("echo rootpw \\\n --iscrypted \\\n\\\n Tiger\nid", "echo rootpw M\n M\nM\n M\nid"),
        ("echo rootpw\n\nTiger\nid", "echo rootpw\n\nM\nid"),
        ("echo -n 'rootpw '\necho Tiger\nid", "echo -n 'rootpw M\nM\nid"),
        (
            "echo -n 'rootpw ' >f\necho -n --plaintext >>f\necho Tiger >>f\nid",
            "echo -n 'rootpw M\nM\nM\nid",
        ),
        ("echo rootpw --lock\nid", "echo rootpw M\nid"),
        ("echo rootpw --lock >f\nid", "echo rootpw M\nid"),
        ('a = ["rootpw",\n     "Tiger"]\nid', 'a = ["rootpw"M\n     M\nid'),
        ('a = ["rootpw", "x",\n "Tiger",\n]\nid', 'a = ["rootpw"M\n M\nM\nid'),
        ("f('rootpw %s' %\n  'Tiger')\nid", "f('rootpw M\n  M\nid"),
        ("f('rootpw {}'.format(\n'Tiger'))\nid", "f('rootpw M\nM\nid"),
        ("'rootpw %s' % \\\n 'Tiger'\nid", "'rootpw M\n M\nid"),
        ("password='a\nTiger'\nid", "password=M\nM\nid"),
        ("password='\nTiger\n'; id\nid", "password=M\nM\nM\nid"),
        ('cat <<"E"\nuser --password \\\n Tiger\nE', 'cat <<"E"\nuser --password M\n M\nE'),
        ("# don't: rootpw x\necho it's", "# don't: rootpw M\necho it's"),
        ("echo don't rootpw x\nid", "echo don't rootpw M\nid"),
        ("case $a in rootpw) x ;;\nid", "case $a in rootpwM\nid"),
        ("# rootpw \\\n#   Tiger\nid", "# rootpw M\nM\nid"),
        ("echo --password\n%end\nlang C", "echo --password\n%end\nlang C"),
    ],
)
def test_a_secret_on_a_later_line_of_a_script(script: str, masked: str) -> None:
    found = mask(f"%post\n{script}\n").replace("**masked**", "M")
    assert found == f"%post\n{masked}\n"


@pytest.mark.parametrize(
    ("lines", "masked"),
    [
        ("# rootpw:\n#   Tiger\nlang C", "# rootpwM\nM\nlang C"),
        ("#rootpw \\\n#Tiger\n# more", "#rootpw M\nM\n# more"),
        ("# rootpw x\n# more", "# rootpw M\n# more"),
        ("# rootpw\n\n# more\nlang C", "# rootpw\n\n# more\nlang C"),
        ("# rootpw\nlang C", "# rootpw\nlang C"),
        *(
            (f"rootpw x{end}Tiger\nlang C", f"rootpw M{end}M\nlang C")
            for end in "\r\v\f\x1c\x85\u2028"
        ),
        ("user --password=x # y\u2028Tiger\n", "user --password=M # M\u2028M\n"),
        ("rootpw\fTiger\n", "rootpw\fM\n"),
        ("lang C\frootpw Tiger\n", "lang C\frootpw M\n"),
        ("# rootpw x\u2028Tiger\nlang C", "# rootpw M\nlang C"),
        ("rootpw x\r\nlang C\r\n", "rootpw M\r\nlang C\r\n"),
    ],
)
def test_where_a_line_ends(lines: str, masked: str) -> None:
    assert mask(lines).replace("**masked**", "M") == masked


BREAKS = ("\\\n", " \\\n  ", "\\\n\\\n", " \\\n\t--plaintext \\\n")


@settings(max_examples=200)
@given(
    words=sampled_from(OPENING),
    breaks=lists(sampled_from(BREAKS), min_size=1, max_size=3),
    before=sampled_from(("", "echo ", "f(", "# ", "cat <<E\n")),
)
def test_however_a_line_is_broken(words: list[str], breaks: list[str], before: str) -> None:
    *first, last = words
    name, equals, value = last.rpartition("=")
    line = f"{before}{' '.join([*first, name + equals]).rstrip()} {''.join(breaks)}{value}"
    masked = mask(f"%post\n{line}\n%end\nlang C\n")
    assert VALUE not in masked
    assert masked.endswith("\n%end\nlang C\n")
    assert masked.count("\n") == line.count("\n") + 4
    assert mask(masked) == masked


def test_commands_go_on_after_a_section() -> None:
    assert mask("%post\n%end\nuser --name=a --pa=b\n").endswith("user --name=a --pa=**masked**\n")


@pytest.mark.parametrize("syntax", ["RHEL6", "RHEL7", "RHEL8", "RHEL9", "RHEL10", "F42"])
def test_no_option_of_the_syntax_is_forgotten(syntax: str) -> None:
    """Whoever adds a syntax learns here of its new secrets."""
    harmless = (
        "--backuppassphrase", "--sshkey", "--vckeymap",
    )  # fmt: skip
    for name, command in makeVersion(syntax).commands.items():
        parser = getattr(command, "op", None)
        for option in re.findall(r"--[\w-]+", parser.format_usage()) if parser else ():
            telling = re.search("pass|pw|key|secret|token|credential", option)
            if telling and option not in harmless:
                assert mask(f"{name} {option}=x") == f"{name} {option}=**masked**"
            elif not telling and name not in BARE and not begun(option, VALUELESS):
                assert mask(f"{name} {option}=x") == f"{name} {option}=x"


def test_values_are_not_shown_by_accident() -> None:
    (found,) = secrets("rootpw Tiger-77x")
    assert (found.line, found.command, found.value) == (1, "rootpw", "Tiger-77x")
    assert "Tiger" not in repr(found)


@pytest.mark.parametrize("word", ["SecretSshpw03", "CorrectHorserootpwBattery", "My--passphrase9"])
def test_a_password_with_the_name_of_a_command_in_it_is_hidden_whole(word: str) -> None:
    masked = mask(f"rootpw --plaintext {word}\n%post\necho {word} | passwd --stdin bob\n%end\n")
    assert masked == f"rootpw --plaintext {MARK}\n%post\necho {MARK} | passwd --stdin bob\n%end\n"


def test_a_line_of_many_logins() -> None:
    """Such a line took minutes when each login looked at all words of its line."""
    assert "secret" not in mask("%post\n" + "curl http://u:secret@h/ " * 4000 + "\n%end\n")
