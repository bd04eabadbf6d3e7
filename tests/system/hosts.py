"""Two hosts on one machine: each has a network, a name and mounts of its own, a cable joins them.

They are namespaces without names, held by a process each: they go with it, whatever happens.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .program import ROOT, kill_quietly

NAMES = ("n1", "n2")
SPACES = ("--net", "--uts", "--mount")
CAPABILITIES = {12: "CAP_NET_ADMIN", 21: "CAP_SYS_ADMIN"}
AGENT = ROOT / "tests/tools/enter-host.sh"
HOLDER = """\
hostname {name} && mount --bind {path}/hosts /etc/hosts && ip link set lo up && echo up && exec cat
"""


class NoHosts(Exception):
    """Why there are none on this machine."""


def missing_capabilities() -> list[str]:
    status = Path("/proc/self/status").read_text()
    effective = int(status.split("CapEff:")[1].split()[0], 16)
    return [name for bit, name in CAPABILITIES.items() if not effective >> bit & 1]


def check_machine() -> None:
    if missing := missing_capabilities():
        raise NoHosts(f"not allowed: {', '.join(missing)} missing")
    probe = "ip link add cable type veth peer name plug && mount -t tmpfs none /mnt"
    tried = subprocess.run(["unshare", *SPACES, "sh", "-c", probe], capture_output=True, text=True)
    if tried.returncode:
        raise NoHosts(f"unshare {' '.join(SPACES)}, veth: {tried.stderr.strip()}")


def command(*arguments: str | Path) -> None:
    subprocess.run([str(a) for a in arguments], check=True, timeout=30)


@dataclass(frozen=True)
class Host:
    name: str
    holder: subprocess.Popen[str]

    def within(self) -> list[str]:
        """What makes a command that follows run on this host."""
        return ["nsenter", "--target", str(self.holder.pid), *SPACES, "--"]

    def run(self, *arguments: str | Path) -> None:
        command(*self.within(), *arguments)

    def processes(self) -> list[int]:
        """All that live here, but what holds it."""
        home = (Path("/proc") / str(self.holder.pid) / "ns/net").readlink()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "ns/net").readlink() == home:
                    found.append(int(entry.name))
        return [pid for pid in found if pid != self.holder.pid]

    def reaches(self, address: str) -> bool:
        """A refusal by the other host is an answer."""
        knock = f"LC_ALL=C timeout 1 bash -c ': </dev/tcp/{address}/9'"
        command = [*self.within(), "bash", "-c", knock]
        return "refused" in subprocess.run(command, capture_output=True, text=True).stderr

    def hide(self, directory: Path) -> None:
        """It has an empty disk of its own there."""
        self.run("mount", "-t", "tmpfs", "none", directory)

    def show(self, directory: Path) -> None:
        self.run("umount", directory)


@dataclass(frozen=True)
class Hosts:
    path: Path
    first: Host
    second: Host

    def environment(self, slots: tuple[int, int] = (1, 1)) -> dict[str, str]:
        """For mpirun on the first one: how many ranks go to each, and how it gets there."""
        file = self.path / f"slots-{slots[0]}-{slots[1]}"
        file.write_text(f"n1 slots={slots[0]}\nn2 slots={slots[1]}\n")
        return {
            "OMPI_MCA_orte_default_hostfile": str(file),
            "OMPI_MCA_plm_rsh_agent": str(AGENT),
            "HS_TEST_HOSTS": str(self.path),
        }

    def cut(self) -> None:
        """Packets are lost from now on, silently: no process learns of it."""
        self.first.run("ip", "link", "set", "cable", "down")

    def mend(self) -> None:
        """And waits until it is noticed, which takes a moment."""
        self.first.run("ip", "link", "set", "cable", "up")
        deadline = time.monotonic() + 30
        while not self.second.reaches("192.0.2.1"):
            assert time.monotonic() < deadline, "the cable does not come up again"

    def crash_second(self) -> None:
        """As power that fails: nobody there says goodbye."""
        self.cut()
        for pid in self.second.processes():
            kill_quietly(pid, signal.SIGKILL)


@contextmanager
def held(path: Path, name: str) -> Iterator[Host]:
    holder = subprocess.Popen(
        ["unshare", *SPACES, "sh", "-c", HOLDER.format(name=name, path=path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin and holder.stdout
    try:
        if holder.stdout.readline() != "up\n":
            raise NoHosts(f"{name} does not come up")
        (path / f"{name}.pid").write_text(f"{holder.pid}\n")
        yield Host(name, holder)
    finally:
        holder.stdin.close()
        holder.wait()


def join(first: Host, second: Host) -> None:
    """Addresses for documentation, RFC 5737: they lead nowhere else."""
    peer = ("peer", "name", "cable", "netns", str(second.holder.pid))
    first.run("ip", "link", "add", "cable", "type", "veth", *peer)
    for number, host in enumerate((first, second), 1):
        host.run("ip", "addr", "add", f"192.0.2.{number}/24", "dev", "cable")
        host.run("ip", "link", "set", "cable", "up")


@contextmanager
def two_hosts(path: Path) -> Iterator[Hosts]:
    check_machine()
    lines = [f"192.0.2.{number} {name}\n" for number, name in enumerate(NAMES, 1)]
    (path / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines))
    with held(path, "n1") as first, held(path, "n2") as second:
        join(first, second)
        yield Hosts(path, first, second)
