# SPDX-License-Identifier: BSD-3-Clause
"""The wires: namespaces, bridges, veths and routes.

    phone-a1 .51 --+                                                          +-- phone-b1 .51
    phone-a2 .52 --+-- lan-a -- callgate a -- inet -- callgate b -- lan-b ----+-- phone-b2 .52
    ucm-a    .30 --+     |                                            |       +-- ucm-b    .30
    ucm2-a   .31 --+     |                                            |       +-- ucm2-b   .31
    192.168.10.0/24      +------------------- pstn -------------------+     192.168.20.0/24

and 192.0.2.10, `foreign`, behind inet: an enterprise whose edge is no callgate; and 192.168.15.12, `dmz-a`, on
a wire of its own at callgate a: where a UC-IME server stands.

In the off-path topology an ordinary firewall, `fw-a`, stands beside callgate a, at the same two wires. It has the
default route of all hosts of A, and callgate a has calls alone:

    lan-a --+-- 192.168.10.2  fw-a       209.165.200.226 --+-- inet
            +-- 192.168.10.1  callgate a 209.165.200.225 --+
"""

import contextlib
import ctypes
import glob
import os

from .util import sh

PREFIX = os.environ.get("LAB_PREFIX", "cg-lab-")  # with LAB_DIR: a second lab beside the first
SITES = {
    # inside network, outside address of the Internet's router, its prefix length
    "a": ("192.168.10", "209.165.200.254", 27),
    "b": ("192.168.20", "203.0.113.254", 24),
}
FOREIGN, FOREIGN_ROUTER = "192.0.2.10", "192.0.2.1"
DMZ, DMZ_ROUTER = "192.168.15.12", "192.168.15.1"
FIREWALL, FIREWALL_OUTSIDE = "192.168.10.2", "209.165.200.226"
HOSTS = {"ucm": 30, "ucm2": 31, "phone1": 51, "phone2": 52}
CLONE_NEWNET = 0x40000000

# A namespace is quiet: no IPv6 chatter on any wire.
QUIET = "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1\n" \
        "ip link set lo up\n"
# The kernel behind callgate's end of a veth must keep silent: callgate alone answers there.
MUTE = "sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.all.arp_ignore=8\n"
MUTE_WIRE = "ip link set {0} arp off up\n"
# The end whose kernel sends toward callgate finishes its checksums and segments itself.
FINISHED = "ethtool -K {0} tx off tso off gso off gro off >/dev/null\n"
# What a firewall does that knows nothing of calls: what begins inside goes out behind its address, and nothing
# begins outside.
# A connection that it has not seen begin is none: the kernel of a call manager may still repeat a segment of the
# in-line lab before.
ORDINARY = """\
nft -f - <<END
table ip ordinary {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state invalid drop
		ct state established,related accept
		iifname "inside" accept
	}
	chain out {
		type nat hook postrouting priority srcnat;
		oifname "outside" masquerade
	}
}
END
sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
"""


def ns(name):
    return PREFIX + name


def host_name(site, host):
    return f"phone-{site}{host[-1]}" if host.startswith("phone") else f"{host}-{site}"


def host_ip(site, host):
    return f"{SITES[site][0]}.{HOSTS[host]}"


def names():
    out = ["inet", "pstn", "foreign", "dmz-a"]
    for site in SITES:
        out += [f"cg-{site}", f"lan-{site}"] + [host_name(site, h) for h in HOSTS]
    return out


def exists(name):
    return os.path.exists(f"/run/netns/{ns(name)}")


def inside(name, *command):
    """The command line that runs `command` in a namespace."""
    return ["ip", "netns", "exec", ns(name), *command]


def script(name, text):
    sh(*inside(name, "sh", "-ec", text))


def link(name, iface, peer_name, peer_iface):
    sh("ip", "link", "add", "name", iface, "netns", ns(name), "type", "veth",
       "peer", "name", peer_iface, "netns", ns(peer_name))


def lan_up(site):
    net, router, length = SITES[site]
    cg, lan = f"cg-{site}", f"lan-{site}"
    link(cg, "outside", "inet", f"to-{site}")
    link(cg, "inside", lan, "to-callgate")
    script(cg, MUTE + MUTE_WIRE.format("outside") + MUTE_WIRE.format("inside"))
    script("inet", FINISHED.format(f"to-{site}") +
           f"ip addr add {router}/{length} dev to-{site}; ip link set to-{site} up\n")

    ports = {"to-callgate": None, "to-pstn": ("pstn", f"lan-{site}")}
    for host in HOSTS:
        ports[f"to-{host}"] = (host_name(site, host), "eth0")
    bridge = "ip link add br0 type bridge; ip link set br0 up\n" + FINISHED.format("to-callgate")
    for port, peer in ports.items():
        if peer:
            link(lan, port, *peer)
        bridge += f"ip link set {port} master br0 up\n"
    script(lan, bridge)

    other = SITES["b" if site == "a" else "a"][0]
    for host in HOSTS:
        script(host_name(site, host),
               f"ip addr add {host_ip(site, host)}/24 dev eth0; ip link set eth0 up\n"
               f"ip route add default via {net}.1\n"
               f"ip route add {other}.0/24 via {net}.254\n")
    script("pstn", f"ip addr add {net}.254/24 dev lan-{site}; ip link set lan-{site} up\n")


def foreign_up():
    link("foreign", "eth0", "inet", "to-foreign")
    script("inet", f"ip addr add {FOREIGN_ROUTER}/24 dev to-foreign; ip link set to-foreign up\n")
    script("foreign", f"ip addr add {FOREIGN}/24 dev eth0; ip link set eth0 up\n"
                      f"ip route add default via {FOREIGN_ROUTER}\n")


def dmz_up():
    link("cg-a", "dmz", "dmz-a", "eth0")
    script("cg-a", MUTE_WIRE.format("dmz"))
    script("dmz-a", FINISHED.format("eth0") + f"ip addr add {DMZ}/24 dev eth0; ip link set eth0 up\n"
                                              f"ip route add default via {DMZ_ROUTER}\n")


def up():
    for name in names():
        sh("ip", "netns", "add", ns(name))
        script(name, QUIET)
    for router in ("inet", "pstn"):
        script(router, "sysctl -qw net.ipv4.ip_forward=1\n")
    for site in SITES:
        lan_up(site)
    foreign_up()
    dmz_up()


def default_route(site, gateway):
    for host in HOSTS:
        script(host_name(site, host), f"ip route replace default via {gateway}; ip neigh flush dev eth0\n")


def offpath_up():
    """Of a lab that is up in-line: callgate a moves aside, its outside wire becomes one with two ends."""
    sh("ip", "netns", "add", ns("fw-a"))
    script("fw-a", QUIET + "sysctl -qw net.ipv4.ip_forward=1\n")
    _, router, length = SITES["a"]
    script("inet", "ip addr flush dev to-a; ip link set to-a down name to-a-cg; ip link add to-a type bridge\n")
    link("fw-a", "outside", "inet", "to-a-fw")
    script("inet", "ip neigh flush all; for port in to-a-cg to-a-fw; do ip link set $port master to-a up; done\n"
                   f"ip addr add {router}/{length} dev to-a; ip link set to-a up\n")
    link("fw-a", "inside", "lan-a", "to-fw")
    script("lan-a", "ip link set to-fw master br0 up\n")
    script("fw-a", f"ip addr add {FIREWALL}/24 dev inside; ip addr add {FIREWALL_OUTSIDE}/{length} dev outside\n"
                   f"ip link set inside up; ip link set outside up; ip route add default via {router}\n" + ORDINARY)
    default_route("a", FIREWALL)


def offpath_down():
    _, router, length = SITES["a"]
    default_route("a", f"{SITES['a'][0]}.1")
    sh("ip", "netns", "del", ns("fw-a"))
    script("inet", "ip link del to-a; ip link set to-a-cg down name to-a\n"
                   f"ip addr add {router}/{length} dev to-a; ip link set to-a up\n")


def all_present():
    """Every namespace of a lab, of this or of an earlier version."""
    return [line.split()[0] for line in sh("ip", "netns", "list").splitlines()
            if line.startswith(PREFIX)]


def pids(full_name):
    """Processes with any thread in a namespace: a callgate's first thread has moved out of it."""
    there = os.stat(f"/run/netns/{full_name}").st_ino
    found = set()
    for link in glob.iglob("/proc/[0-9]*/task/[0-9]*/ns/net"):
        with contextlib.suppress(OSError):  # ended meanwhile, or not ours to look at
            if os.stat(link).st_ino == there:
                found.add(int(link.split("/")[2]))
    return sorted(found)


def down():
    for name in all_present():
        sh("ip", "netns", "del", name, check=False)


@contextlib.contextmanager
def entered(name):
    """The calling thread is in a namespace while this lasts: for opening a socket there."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{ns(name)}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(there)
        os.close(home)
