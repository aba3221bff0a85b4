# SPDX-License-Identifier: BSD-3-Clause
"""DPDK's own l3fwd as a peer to measure against, built from the source package that Debian's DPDK is made
of; and its view of the packets: rules and routes in its files' words."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

ANY_V6 = "0:0:0:0:0:0:0:0/0"
APT = "deb-src http://deb.debian.org/debian bookworm main\n"


class Unavailable(Exception):
    pass


def run(*command, **kw):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **kw)
    if done.returncode:
        raise Unavailable(f"{command[0]}: {done.stdout.strip().splitlines()[-1:] or done.returncode}")
    return done.stdout


def build(folder):
    """The program; made once per folder. Needs Debian's archive."""
    folder = pathlib.Path(folder)
    program = folder / "l3fwd"
    if program.exists():
        return program
    if not shutil.which("apt-get"):
        raise Unavailable("no apt-get: the source package comes from Debian's archive")
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    (folder / "src.list").write_text(APT)
    apt = ["apt-get", "-q", "-o", f"Dir::Etc::sourcelist={folder / 'src.list'}", "-o", "Dir::Etc::sourceparts=-",
           "-o", f"Dir::State::lists={folder / 'lists'}"]
    run(*apt, "update")
    run(*apt, "source", "--download-only", "dpdk", cwd=folder)
    tar = next(iter(sorted(folder.glob("dpdk_*.orig.tar.xz"))), None)
    if tar is None:
        raise Unavailable("apt-get source dpdk brought no source")
    src = folder / "src"
    src.mkdir(exist_ok=True)
    run("tar", "xf", tar, "-C", src, "--strip-components=1", "--wildcards", "*/examples/l3fwd/*",
        "*/examples/common/*")
    main = src / "examples/l3fwd/main.c"
    # net_pcap refuses a request that the device check checksums.
    main.write_text(main.read_text().replace(".offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM,", ".offloads = 0,"))
    flags = run("pkg-config", "--cflags", "--libs", "libdpdk").split()
    run("gcc", "-O3", "-DALLOW_EXPERIMENTAL_API", "-I", src / "examples/common", "-o", program,
        *(c for c in sorted(src.glob("examples/l3fwd/*.c")) if not c.name.endswith("route_parse.c")), *flags)
    return program


class L3fwd:
    """One that runs, on a CPU, with two devices. `mode` is em or acl."""

    def __init__(self, program, folder, mode, cpu, devices, rules):
        self.prefix = f"cg{mode}"
        path = pathlib.Path(folder) / f"{mode}.rules"
        path.write_text(rules)
        none = pathlib.Path(folder) / "v6.rules"
        none.write_text({"em": "R::1 ::2 9 9 0x11 0\n", "acl": f"R{ANY_V6} {ANY_V6} 0 : 65535 0 : 65535 0x00/0x00 0\n"}[mode])
        self.log = open(pathlib.Path(folder) / f"{mode}.log", "w", encoding="utf-8")
        vdevs = [f"--vdev={d}" for d in devices]
        self.process = subprocess.Popen(
            # Its access lists at their best: DPDK uses no AVX-512 unasked. Of ours, an established packet sees none.
            [program, f"--lcores=0@{cpu}", "-m", "2048", "--no-huge", "--no-pci", "--no-shconf",
             "--force-max-simd-bitwidth=512",
             f"--file-prefix={self.prefix}", *vdevs, "--", "-p", "3",
             f"--lookup={mode}", "--config=(0,0,0),(1,0,0)", "--parse-ptype", f"--rule_ipv4={path}",
             f"--rule_ipv6={none}"], stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self.socket = self.connect()

    def connect(self):
        base = pathlib.Path(os.environ.get("RUNTIME_DIRECTORY", "/var/run/dpdk")) / self.prefix
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            for path in base.glob("dpdk_telemetry.v2*"):
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                try:
                    s.connect(str(path))
                    s.settimeout(5)
                    s.recv(1024)
                    return s
                except OSError:
                    s.close()
            time.sleep(0.1)
        self.close()
        raise Unavailable("l3fwd does not run: " + pathlib.Path(self.log.name).read_text()[-300:].strip())

    def sent(self):
        """Packets that each device has sent."""
        out = []
        for port in (0, 1):
            self.socket.send(f"/ethdev/stats,{port}".encode())
            out.append(json.loads(self.socket.recv(65536))["/ethdev/stats"]["opackets"])
        return out

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def version():
    return re.sub(r"\s+", "", run("pkg-config", "--modversion", "libdpdk"))
