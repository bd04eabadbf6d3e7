"""A real slurmctld and two slurmd, started by hand as two nodes of this machine, and stopped."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from system.program import PATIENCE

NODES = ("n1", "n2")
# Only ends what hangs: others work on this machine, too.
PATIENCE_S = 240
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "srun", "scontrol", "squeue", "scancel")
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={path}/run/munge.socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={path}/jobs.txt
KillWait=60
SlurmdTimeout=20
ReturnToService=2
StateSaveLocation={path}/state
SlurmctldPidFile={path}/run/slurmctld.pid
SlurmctldLogFile={path}/slurmctld.log
SlurmdLogFile={path}/%n.log
SlurmdPidFile={path}/run/%n.pid
SlurmdSpoolDir={path}/spool/%n
TmpFS={path}/tmp/%n
NodeName=n1 NodeAddr=127.0.0.1 NodeHostname=n1 Port={ports[1]} CPUs=4 RealMemory=500
NodeName=n2 NodeAddr=127.0.0.1 NodeHostname=n2 Port={ports[2]} CPUs=4 RealMemory=500
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE PriorityTier=1 GraceTime=20 State=UP
PartitionName=urgent Nodes=n1,n2 MaxTime=INFINITE PriorityTier=2 PreemptMode=OFF State=UP
"""


class NoSlurm(Exception):
    """Why there is none on this machine."""


def check_machine() -> None:
    missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    if missing:
        raise NoSlurm(f"not installed: {' '.join(missing)}")
    if os.geteuid() != 0:
        raise NoSlurm("needs root, to give each node a host name of its own")
    if subprocess.run(["unshare", "--uts", "--mount", "true"], capture_output=True).returncode:
        raise NoSlurm("unshare --uts --mount is not allowed here")


def free_ports(count: int) -> list[int]:
    """Below the range that outgoing connections take theirs from."""
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            probe, port = stack.enter_context(socket.socket()), random.randrange(12_000, 20_000)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return found


def await_true(condition: Callable[[], bool], what: str, timeout: float) -> None:
    patience = timeout * PATIENCE
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {patience} s")
        time.sleep(0.05)


@dataclass
class Cluster:
    """Jobs get the environment of `environment` and what is given with them."""

    path: Path
    environment: dict[str, str]
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)
    nodes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
        """Standard output of a command of SLURM's; a failure is an error."""
        done = subprocess.run(
            [str(a) for a in arguments],
            env=self.environment | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def submit(
        self, script: Path, *arguments: str | Path, options: Sequence[str] = (), **env: str
    ) -> Job:
        log = self.path / "out" / f"{secrets.token_hex(4)}-%a.log"
        settings = ["--parsable", f"--output={log}", f"--chdir={self.path}", *options]
        number = self.command("sbatch", *settings, script, *arguments, env=env).strip()
        return Job(self, number, log)

    def cancel_all(self) -> None:
        self.command("scancel", "--user=root")
        await_true(lambda: not self.command("squeue", "--noheader"), "empty queue", 30)

    @contextmanager
    def configured(self, line: str) -> Iterator[None]:
        """With a line more in slurm.conf."""
        if not line:
            yield
            return
        file = self.path / "slurm.conf"
        before = file.read_text()
        try:
            file.write_text(f"{before}{line}\n")
            self.command("scontrol", "reconfigure")
            yield
        finally:
            file.write_text(before)
            self.command("scontrol", "reconfigure")

    def records(self, job: str) -> list[dict[str, str]]:
        """What scontrol knows of a job, one entry per task of an array."""
        text = self.command("scontrol", "--oneliner", "show", "job", job)
        pairs = [[w.partition("=") for w in line.split()] for line in text.splitlines()]
        return [{key: value for key, _, value in line} for line in pairs if line]

    def start(self, *command: str | Path, log: str) -> subprocess.Popen[bytes]:
        with (self.path / log).open("ab") as output:
            daemon = subprocess.Popen(
                [str(c) for c in command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.daemons.append(daemon)
        return daemon

    def start_node(self, name: str) -> None:
        """Host names of its own, or the shared-memory segments of the nodes collide."""
        inside = (
            f"hostname {name} && mount --bind {self.path}/hosts /etc/hosts &&"
            f" exec slurmd -D -N {name} -f {self.path}/slurm.conf"
        )
        command = ("unshare", "--uts", "--mount", "sh", "-c", inside)
        self.nodes[name] = self.start(*command, log=f"{name}.out")

    def crash_node(self, name: str) -> None:
        """Kills everything that lives on a node, at once and without a word."""
        slurmd = self.nodes.pop(name)
        home = (Path("/proc") / str(slurmd.pid) / "ns/uts").readlink()
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "ns/uts").readlink() == home:
                    os.kill(int(entry.name), signal.SIGKILL)
        slurmd.wait()
        self.daemons.remove(slurmd)
        # As a boot would: what PMIx leaves there makes each `srun --mpi=pmix` of the job fail.
        for left in (self.path / "spool" / name, self.path / "tmp" / name):
            shutil.rmtree(left)
            left.mkdir()

    def idle_nodes(self) -> int:
        with suppress(RuntimeError):
            return self.command("sinfo", "-h", "-N", "-p", "all", "-t", "idle").count("\n")
        return 0

    def logs(self) -> str:
        files = [*self.path.glob("*.log"), *self.path.glob("out/*")]
        return "\n".join(f"== {f.name}\n{f.read_text(errors='replace')[-1500:]}" for f in files)


@dataclass(frozen=True)
class Job:
    """A job, or an array of them, by the number sbatch gave it."""

    cluster: Cluster
    number: str
    log: Path

    def text(self, task: str = "*") -> str:
        """What the script and its launcher wrote, all starts one after another."""
        files = sorted(self.log.parent.glob(self.log.name.replace("%a", task)))
        return "".join(f.read_text(errors="replace") for f in files)

    def states(self) -> list[str]:
        return [record["JobState"] for record in self.cluster.records(self.number)]

    def ended(self) -> bool:
        live = {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "SUSPENDED"}
        return not live & set(self.states())

    def wait(self, timeout: float = PATIENCE_S) -> Job:
        self.until(self.ended, "end of the job", timeout)
        return self

    def until(self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE_S) -> None:
        try:
            await_true(condition, what, timeout)
        except TimeoutError as late:
            state = self.cluster.command("scontrol", "show", "job", self.number)
            raise AssertionError(f"{late}\n{state}\n{self.cluster.logs()}") from late

    def codes(self) -> list[int]:
        """Exit codes of the last start, one per task of an array."""
        records = sorted(self.cluster.records(self.number), key=lambda r: r.get("ArrayTaskId", ""))
        return [int(record["ExitCode"].split(":")[0]) for record in records]

    def restarts(self) -> list[int]:
        records = sorted(self.cluster.records(self.number), key=lambda r: r.get("ArrayTaskId", ""))
        return [int(record["Restarts"]) for record in records]


def write_configuration(path: Path) -> None:
    for name in ("run", "state", "out", "spool/n1", "spool/n2", "tmp/n1", "tmp/n2"):
        (path / name).mkdir(parents=True)
    host = socket.gethostname().split(".")[0]
    (path / "hosts").write_text(f"127.0.0.1 localhost {host} {' '.join(NODES)}\n")
    (path / "slurm.conf").write_text(CONF.format(path=path, host=host, ports=free_ports(3)))
    key = path / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o400)


def start_munge(cluster: Cluster) -> None:
    path = cluster.path
    cluster.start(
        "munged",
        "--foreground",
        "--force",
        f"--key-file={path}/munge.key",
        f"--socket={path}/run/munge.socket",
        f"--pid-file={path}/run/munged.pid",
        f"--seed-file={path}/run/munged.seed",
        f"--log-file={path}/munged.log",
        log="munged.out",
    )
    await_true((path / "run/munge.socket").exists, "munge socket", 10)


def stop(cluster: Cluster) -> None:
    """Jobs, then daemons, the last started first; what does not go is killed."""
    with suppress(RuntimeError, TimeoutError, subprocess.TimeoutExpired):
        cluster.cancel_all()
        cluster.command("scontrol", "shutdown")
    *daemons, munged = reversed(cluster.daemons)
    for daemon in daemons:
        with suppress(subprocess.TimeoutExpired):
            daemon.wait(10)
    for daemon in (*daemons, munged):
        daemon.terminate()
        try:
            daemon.wait(5)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


@contextmanager
def running_cluster(environment: dict[str, str]) -> Iterator[Cluster]:
    """Two idle nodes. Its directory is short: socket names are limited to 107 bytes."""
    check_machine()
    path = Path(tempfile.mkdtemp(prefix="hs-slurm-", dir="/tmp"))
    settings = {"SLURM_CONF": f"{path}/slurm.conf", "PATH": PATH}
    cluster = Cluster(path, environment | settings)
    write_configuration(path)
    try:
        start_munge(cluster)
        cluster.start("slurmctld", "-D", "-i", "-f", path / "slurm.conf", log="slurmctld.out")
        for node in NODES:
            cluster.start_node(node)
        await_true(lambda: cluster.idle_nodes() == len(NODES), "two idle nodes", 30)
        yield cluster
    except TimeoutError as late:
        raise RuntimeError(f"{late}\n{cluster.logs()}") from late
    finally:
        stop(cluster)
        shutil.rmtree(path, ignore_errors=True)
