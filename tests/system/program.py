"""Starting heatstream under mpirun, waiting with a limit, killing without leftovers."""

from __future__ import annotations

import atexit
import os
import random
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("HEATSTREAM", ROOT / "build/release/heatstream")).resolve()
# The same objects with failure points, see tests/failpoints/failpoint.h.
FAILING = BINARY.with_name("heatstream-failing")
MPIRUN = shlex.split(os.environ.get("MPIRUN", "mpirun"))
LONG = os.environ.get("HEATSTREAM_LONG", "") not in ("", "0")
TAG = "HS_TEST_TAG"
FAILURE = "HEATSTREAM_FAIL"
# Limits only end what hangs. They are right for an idle machine, and others work here, too.
PATIENCE = float(os.environ.get("HS_TEST_PATIENCE", "3"))
# One directory for everything Open MPI leaves behind when it is killed; short, because socket names
# in it are limited to 107 bytes.
SCRATCH = Path(tempfile.mkdtemp(prefix="hs-", dir="/tmp"))
PLATFORM = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_mpi_yield_when_idle": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_orte_tmpdir_base": str(SCRATCH),
    "OMPI_MCA_btl_vader_backing_directory": str(SCRATCH),
}


@atexit.register
def remove_scratch() -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        return self.out + self.err

    def expect(self, code: int) -> Outcome:
        assert self.code == code, f"exit code {self.code}, not {code}\n{self.text[-4000:]}"
        return self


def environment(tag: str, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Variables named HEATSTREAM_* would be deck options."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("HEATSTREAM")}
    return env | PLATFORM | {TAG: tag} | (extra or {})


def tagged(tag: str) -> list[int]:
    """Processes of one start, whatever group or session they moved to."""
    needle = f"{TAG}={tag}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if needle in variables and state != "Z":
                found.append(int(entry.name))
    return found


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return [""]


def kill_quietly(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@dataclass
class Running:
    """One start of the program; `tag` marks all its processes."""

    process: subprocess.Popen[bytes]
    tag: str
    out: Path
    err: Path
    started: float = field(default_factory=time.monotonic)

    def ranks(self) -> list[int]:
        names = {BINARY.name, FAILING.name}
        return sorted(p for p in tagged(self.tag) if Path(command_of(p)[0]).name in names)

    def has_ranks(self) -> bool:
        return bool(self.ranks())

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def pause(self) -> None:
        """Stops all its processes where they are."""
        for pid in tagged(self.tag):
            kill_quietly(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in tagged(self.tag):
            kill_quietly(pid, signal.SIGCONT)

    def kill_all(self) -> None:
        while left := tagged(self.tag):
            for pid in left:
                kill_quietly(pid, signal.SIGKILL)
            self.reap(0.05)

    def kill_one(self, rng: random.Random) -> str:
        """mpirun or one of the ranks. All of them before the program has said a word: until then
        they are still being launched, and mpirun may wait for ever for one that is gone."""
        if not self.text():
            self.kill_all()
            return "kill all"
        targets = [self.process.pid, *self.ranks()]
        victim = rng.choice(targets)
        kill_quietly(victim, signal.SIGKILL)
        return f"kill {targets.index(victim)} of {len(targets)}"

    def reap(self, timeout: float) -> bool:
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def text(self) -> str:
        return self.out.read_text(errors="replace") + self.err.read_text(errors="replace")

    def until(self, condition: Callable[[], bool], what: str, timeout: float = 30) -> None:
        """Waits for a condition while the program runs."""
        patience = timeout * PATIENCE
        deadline = time.monotonic() + patience
        while not condition():
            if self.process.poll() is not None:
                if condition():
                    return  # it came true as the program ended
                raise AssertionError(f"ended before {what}:\n{self.text()[-4000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} within {patience} s:\n{self.text()[-4000:]}")
            time.sleep(0.002)

    def lives_to_see(self, condition: Callable[[], bool]) -> bool:
        """Looks as often as it can; False when the program ended first."""
        while not condition():
            if self.process.poll() is not None:
                return False
        return True

    def wait(self, timeout: float = 60) -> Outcome:
        """Its outcome; a program that has not ended by then hangs, which is a failure."""
        ended = self.reap(timeout * PATIENCE)
        seconds = time.monotonic() - self.started
        if not ended:
            self.kill_all()
            raise AssertionError(f"hangs after {timeout * PATIENCE} s:\n{self.text()[-4000:]}")
        self.await_gone()
        read = self.out.read_text(errors="replace"), self.err.read_text(errors="replace")
        return Outcome(self.process.returncode, *read, seconds)

    def await_gone(self, timeout: float = 10) -> None:
        deadline = time.monotonic() + timeout * PATIENCE
        while left := tagged(self.tag):
            if time.monotonic() > deadline:
                self.kill_all()
                raise AssertionError(f"processes {left} outlived mpirun by {timeout * PATIENCE} s")
            time.sleep(0.01)


def start(
    arguments: Sequence[str | Path],
    ranks: int = 1,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    within: Sequence[str | Path] = (),
) -> Running:
    """`ranks` 0: without mpirun. Where a failure is asked for, the program that has them.
    `within` goes before the whole command."""
    tag = uuid.uuid4().hex
    launcher = [*MPIRUN, "-np", str(ranks)] if ranks else []
    program = FAILING if env and FAILURE in env else BINARY
    command = [str(a) for a in (*within, *launcher, program, *arguments)]
    out, err = SCRATCH / f"{tag}.out", SCRATCH / f"{tag}.err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=environment(tag, env),
            start_new_session=True,
        )
    return Running(process, tag, out, err)


def named(host: str) -> list[str]:
    """`within` a host of that name, which needs root; none: this one."""
    return ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', host] if host else []


@contextmanager
def running(
    arguments: Sequence[str | Path],
    ranks: int = 1,
    env: dict[str, str] | None = None,
    within: Sequence[str | Path] = (),
) -> Iterator[Running]:
    program = start(arguments, ranks, env=env, within=within)
    try:
        yield program
    finally:
        program.kill_all()


def heatstream(
    *arguments: str | Path,
    ranks: int = 1,
    timeout: float = 60,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Outcome:
    program = start(arguments, ranks, cwd, env)
    try:
        return program.wait(timeout)
    finally:
        program.kill_all()


def tool(*arguments: str | Path, timeout: float = 60, env: dict[str, str] | None = None) -> Outcome:
    """Commands that work without mpirun."""
    return heatstream(*arguments, ranks=0, timeout=timeout, env=env)
