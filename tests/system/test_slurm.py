"""The scripts of jobs/ under a real SLURM of two nodes: in time, requeued, with the same bits."""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm.cluster import Cluster, Job, NoSlurm, running_cluster

from .conftest import Bench, from_kafka
from .decks import T0_MS, Deck, Stream, merged, sensors
from .kafka import Kafka
from .program import BINARY, LONG, ROOT, environment, heatstream, running, tagged
from .recordings import DECK as RECORDED
from .recordings import from_recording, half_of_topic, record, record_half, send_rest
from .results import RunDirectory, assert_equals_oracle

JOBS = ROOT / "jobs"
SCRIPT, ARRAY = JOBS / "heatstream.sbatch", JOBS / "heatstream-array.sbatch"
URGENT = ROOT / "tests/slurm/urgent.sbatch"
TWO_NODES = ("--nodes=2", "--ntasks-per-node=1", "--time=5")
SRUN = "srun --mpi=pmix"
LENGTHY = pytest.mark.skipif(not LONG, reason="minutes: HEATSTREAM_LONG=1")
# Thousands of small steps a window: two ranks without shared memory take seconds, one a moment.
DECK: Deck = {
    "run": {"id": "run"},
    "grid": {"nx": 24, "ny": 20},
    "time": {"window_ms": 100, "substeps": 6000, "windows": 400, "t0": T0_MS},
    "stream": {"source": "synthetic"},
    "gen": {"steps": 0, "partitions": 3, "start_ms": T0_MS},
    "checkpoint": {"every_windows": 0, "every_wall_s": 0},
    "log": {"every_s": 1},
}


@pytest.fixture(scope="module")
def slurm() -> Iterator[Cluster]:
    """Missing: a failure in CI, a skip that is named elsewhere."""
    tag = uuid.uuid4().hex
    try:
        with running_cluster(environment(tag, {"HEATSTREAM": str(BINARY)})) as cluster:
            yield cluster
    except NoSlurm as reason:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"no SLURM: {reason}")
        pytest.skip(f"NO SLURM, THESE TESTS DID NOT RUN: {reason}")
    assert tagged(tag) == [], "something of the cluster is left"


@pytest.fixture
def cluster(slurm: Cluster) -> Iterator[Cluster]:
    """Without jobs of the tests before."""
    yield slurm
    slurm.cancel_all()


@pytest.fixture(scope="module")
def digest(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a run without SLURM, in one go, on one rank."""
    bench = Bench(tmp_path_factory.mktemp("direct"))
    return bench.run(bench.deck(DECK), ranks=1).digest


def until_frames(job: Job, run: RunDirectory, count: int = 20) -> None:
    job.until(lambda: run.frames_committed() >= count, f"{count} frames")


def signal_batch(job: Job, name: str, task: str = "") -> None:
    job.cluster.command("scancel", "--batch", f"--signal={name}", job.number + task)


def script(cluster: Cluster, name: str, argument: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [JOBS / name, str(argument)],
        env=cluster.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("launch", ["mpirun", SRUN])
def test_a_job_over_two_nodes_gives_the_bits_of_a_direct_run(
    cluster: Cluster, bench: Bench, digest: str, launch: str
) -> None:
    deck = bench.deck(DECK)
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH=launch).wait()
    assert (job.states(), job.codes()) == (["COMPLETED"], [0]), job.text()
    run = bench.directory(deck)
    assert run.digest == digest
    assert run.info()["ranks"] == 2
    assert "2 ranks" in job.text()
    assert re.search(r"start 1 on n\[1-2\], time left [45]:", job.text())


def last_checkpoint(text: str) -> int:
    """Its window, by the log of one start."""
    return int(re.findall(r"checkpoint after window (\d+)", text)[-1])


def stopping_first(path: Path) -> Path:
    """The program, its time short at the first start only: so it restarts once."""
    wrapper = path / "heatstream"
    short = '[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] || set -- "$@" --time-limit 0:02'
    wrapper.write_text(f'#!/bin/bash\n{short}\nexec "{BINARY}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def test_a_job_near_its_time_limit_requeues_and_ends_with_the_same_bits(
    cluster: Cluster, bench: Bench, digest: str
) -> None:
    deck = bench.deck(DECK)
    program = str(stopping_first(bench.path))
    anew = "--restart=none"
    job = cluster.submit(SCRIPT, deck, anew, options=TWO_NODES, HEATSTREAM=program).wait()
    text = job.text()
    assert (job.states(), job.codes(), job.restarts()) == (["COMPLETED"], [0], [1]), text
    assert "the time limit is near" in text
    assert "requeueing" in text
    assert "start 2 on" in text, "the log of the first start is kept"
    first, second = text.split("start 2 on")
    assert last_checkpoint(first) > 0
    assert f"going on after window {last_checkpoint(first)}" in second
    assert bench.directory(deck).digest == digest


@LENGTHY
@pytest.mark.parametrize("launch", ["mpirun", SRUN])
def test_slurms_warning_signal_requeues_and_ends_with_the_same_bits(
    cluster: Cluster, bench: Bench, digest: str, launch: str
) -> None:
    deck = bench.deck(DECK)
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH=launch)
    until_frames(job, bench.directory(deck))
    signal_batch(job, "USR1")
    job.wait()
    assert (job.states(), job.codes(), job.restarts()) == (["COMPLETED"], [0], [1]), job.text()
    assert bench.directory(deck).digest == digest


def test_heatstream_stop_ends_a_job_with_a_checkpoint_and_without_a_requeue(
    cluster: Cluster, bench: Bench, digest: str
) -> None:
    deck = bench.deck(DECK)
    run = bench.directory(deck)
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES)
    until_frames(job, run)
    status = script(cluster, "heatstream-status", run.path)
    assert status.stdout.startswith("running, process "), status.stderr
    assert " on n1" in status.stdout
    assert "windows  " in status.stdout
    stopped = script(cluster, "heatstream-stop", job.number)
    assert stopped.returncode == 0, stopped.stderr
    assert (job.states(), job.codes(), job.restarts()) == (["FAILED"], [75], [0]), job.text()
    assert run.checkpoints()
    assert script(cluster, "heatstream-status", run.path).stdout.startswith("not running")
    again = cluster.submit(SCRIPT, deck, options=TWO_NODES).wait()
    assert again.codes() == [0], again.text()
    assert run.digest == digest


def test_scancel_gives_ranks_under_srun_time_for_a_checkpoint(
    cluster: Cluster, bench: Bench, digest: str
) -> None:
    deck = bench.deck(DECK)
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH=SRUN)
    until_frames(job, bench.directory(deck))
    cluster.command("scancel", job.number)
    assert job.wait().states() == ["CANCELLED"]
    assert bench.directory(deck).checkpoints(), job.text()
    assert bench.run(deck, ranks=1).digest == digest


def test_an_array_runs_three_decks_and_requeues_only_the_task_that_was_stopped(
    cluster: Cluster, bench: Bench, digest: str
) -> None:
    decks = [bench.deck(DECK, {"physics": {"initial": t}}) for t in (0.0, 1.5, 3.0)]
    options = ("--array=1-3", "--ntasks=2", "--nodes=1", "--time=5")
    job = cluster.submit(ARRAY, *decks, options=options)
    # The last task goes by the number of the whole array.
    until_frames(job, bench.directory(decks[2]), 1)
    signal_batch(job, "USR1", "_3")
    job.wait()
    assert (job.codes(), job.restarts()) == ([0, 0, 0], [0, 0, 1]), job.text()
    found = [bench.directory(deck).digest for deck in decks]
    assert found[0] == digest
    direct = [bench.run(bench.deck(DECK, {"physics": {"initial": t}})).digest for t in (1.5, 3.0)]
    assert found[1:] == direct


def test_an_array_task_without_a_deck_says_which_array_to_ask_for(
    cluster: Cluster, bench: Bench
) -> None:
    job = cluster.submit(ARRAY, bench.deck(DECK), options=("--array=2", "--time=5")).wait()
    assert job.codes() == [64]
    assert "--array=1-1" in job.text()


def test_srun_without_pmix_fails_before_anything_is_written(cluster: Cluster, bench: Bench) -> None:
    deck = bench.deck(DECK)
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH="srun --mpi=none").wait()
    assert job.codes() == [1], job.text()
    assert "PMI" in job.text(), "Open MPI says what is missing"
    assert not bench.directory(deck).path.exists()


def test_tasks_started_without_each_other_are_refused_once_with_the_fix(
    cluster: Cluster, bench: Bench
) -> None:
    """Open MPI takes a task for a run of its own when a container hides the step from it."""
    deck = bench.deck(DECK)
    launch = "srun --mpi=none env -u SLURM_NODELIST"
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH=launch).wait()
    assert job.codes() == [64], job.text()
    assert job.text().count("2 tasks were started") == 1
    assert "use `srun --mpi=pmix` or the mpirun of Open MPI" in job.text()
    assert not bench.directory(deck).path.exists()


def test_ranks_of_the_mpirun_of_another_library_are_refused_once_with_the_fix(
    bench: Bench,
) -> None:
    """MPICH and its relatives tell ranks their number and count so."""
    deck = bench.deck(DECK)
    ranks = [{"PMI_RANK": str(rank), "PMI_SIZE": "3"} for rank in range(3)]
    outcomes = [heatstream("run", deck, ranks=0, env=rank) for rank in ranks]
    assert [outcome.code for outcome in outcomes] == [64] * 3
    assert [outcome.text.count("error:") for outcome in outcomes] == [1, 0, 0]
    assert "3 tasks were started" in outcomes[0].text
    assert not bench.directory(deck).path.exists()


def test_more_ranks_than_columns_are_refused_with_the_largest_number(
    cluster: Cluster, bench: Bench
) -> None:
    deck = bench.deck(DECK, {"grid": {"nx": 3}})
    job = cluster.submit(SCRIPT, deck, options=("--ntasks=4", "--time=5")).wait()
    assert job.codes() == [78], job.text()
    assert "use at most -np 3" in job.text()


@pytest.mark.kafka
def test_a_job_follows_the_file_that_a_gateway_records(
    cluster: Cluster, bench: Bench, kafka: Kafka
) -> None:
    """The nodes see no broker."""
    stream = sensors(RECORDED, windows=24)
    deck, file, topic = record_half(bench, kafka, stream)
    first = cluster.submit(SCRIPT, deck, *from_recording(file), options=TWO_NODES).wait()
    assert first.codes() == [0], first.text()
    send_rest(kafka, topic, stream)
    record(deck, file, "--until", "end").expect(0)
    second = cluster.submit(SCRIPT, deck, *from_recording(file), options=TWO_NODES).wait()
    assert second.codes() == [0], second.text()
    assert "going on after window" in second.text()
    assert_equals_oracle(bench.directory(deck), stream.expected(RECORDED))


def test_heatstream_stop_takes_a_run_directory_without_slurm(bench: Bench) -> None:
    deck = bench.deck(DECK, {"time": {"windows": 0}})
    run = bench.directory(deck)
    with running(["run", deck], 2) as program:
        program.until(lambda: run.frames_committed() > 2, "frames")
        stopped = subprocess.run([JOBS / "heatstream-stop", run.path], timeout=30)
        outcome = program.wait()
    assert stopped.returncode == 0
    outcome.expect(75)
    assert run.checkpoints()
    assert not (run.path / "STOP").exists()
    again = subprocess.run([JOBS / "heatstream-stop", run.path], capture_output=True, text=True)
    assert (again.returncode, "no run is writing" in again.stderr) == (66, True)
    assert not (run.path / "STOP").exists(), "the next run would stop at once"


@LENGTHY
@pytest.mark.parametrize(("launch", "node"), [("mpirun", "n2"), ("mpirun", "n1"), (SRUN, "n2")])
def test_a_job_that_lost_a_node_is_requeued_and_ends_with_the_same_bits(
    cluster: Cluster, bench: Bench, digest: str, launch: str, node: str
) -> None:
    """mpirun gives up by itself when it loses a node that is not its own."""
    deck = bench.deck(DECK, {"checkpoint": {"every_windows": 10}})
    job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH=launch, HS_RETRY_AFTER="0")
    until_frames(job, bench.directory(deck), 30)
    cluster.crash_node(node)
    try:
        job.until(lambda: "RUNNING" not in job.states(), "notice of the loss")
    finally:
        cluster.start_node(node)
    job.wait()
    assert (job.states(), job.codes(), job.restarts()) == (["COMPLETED"], [0], [1]), job.text()
    assert bench.directory(deck).digest == digest


WARNED = "SlurmctldParameters=preempt_send_user_signal"


# Cannot end before the rest of its topic is sent, however fast it is.
WAITING: Deck = merged(RECORDED, {"time": {"windows": 20}, "stream": {"idle": "block"}})


@pytest.fixture
def stream() -> Stream:
    return sensors(WAITING, windows=24)


@LENGTHY
@pytest.mark.kafka
@pytest.mark.parametrize(
    ("launch", "setting", "periodic"), [(SRUN, "", 0), ("mpirun", "", 5), ("mpirun", WARNED, 0)]
)
def test_a_preempted_job_makes_room_in_its_grace_and_goes_on_later(
    cluster: Cluster,
    bench: Bench,
    kafka: Kafka,
    stream: Stream,
    launch: str,
    setting: str,
    periodic: int,
) -> None:
    """TERM reaches ranks of srun, but under mpirun its daemons; USR1 the script."""
    topic = half_of_topic(kafka, stream)
    deck = bench.deck(
        WAITING, from_kafka(kafka, topic), {"checkpoint": {"every_windows": periodic}}
    )
    run = bench.directory(deck)
    with cluster.configured(setting):
        job = cluster.submit(SCRIPT, deck, options=TWO_NODES, HS_LAUNCH=launch)
        until_frames(job, run, 6)
        urgent = cluster.submit(URGENT, options=(*TWO_NODES, "--partition=urgent", "--exclusive"))
        urgent.wait()
        send_rest(kafka, topic, stream)
        job.wait()
    text = job.text()
    assert urgent.codes() == [0], urgent.text()
    assert (job.states(), job.codes(), job.restarts()) == (["COMPLETED"], [0], [1]), text
    first, second = text.split("start 2 on")
    assert f"going on after window {last_checkpoint(first)}" in second
    assert_equals_oracle(run, stream.expected(WAITING))


@LENGTHY
@pytest.mark.kafka
def test_a_real_time_limit_of_a_minute_is_survived_by_requeues(
    cluster: Cluster, bench: Bench, kafka: Kafka, stream: Stream
) -> None:
    """The script's own defaults: SLURM's signal or the time left, whichever comes first."""
    topic = half_of_topic(kafka, stream)
    deck = bench.deck(WAITING, from_kafka(kafka, topic))
    options = (*TWO_NODES, "--time=1", "--signal=B:USR1@20")
    job = cluster.submit(SCRIPT, deck, options=options)
    job.until(lambda: job.restarts()[0] >= 1, "a requeue")
    send_rest(kafka, topic, stream)
    job.wait(400)
    assert (job.states(), job.codes()) == (["COMPLETED"], [0]), job.text()
    assert_equals_oracle(bench.directory(deck), stream.expected(WAITING))
