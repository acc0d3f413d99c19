import functools
import os
import runpy
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from gdcore.torch import ParallelTrainer, Trainer

PROGRAM = Path(__file__).with_name("parallel_program.py")
OURS = runpy.run_path(str(PROGRAM))
CASES, make, train = OURS["CASES"], OURS["make"], OURS["train"]
ALONE = 100  # seconds; the processes wait 300 for each other, so one that hangs is found here

pytestmark = pytest.mark.slow


def environment(**others):
    """Return the environment without what torchrun or a `join()` may have left in it."""
    ours = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"OMP_NUM_THREADS": "1"} | others


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that trains in one process without torchrun, or in several with it.

    It returns what each process tells, how the run ended, and how many seconds it took. To start
    processes is slow: so two of them go on to an end that process 1 makes by `os._exit(7)`.
    """

    @functools.cache
    def run(size):
        folder, end = tmp_path_factory.mktemp("told"), "exit" if size == 2 else "well"
        command = [sys.executable]
        if size > 1:
            command += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={size}"]
        command += [PROGRAM, folder, end]
        start = time.monotonic()
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, timeout=ALONE
        )
        seconds = time.monotonic() - start
        return [torch.load(folder / f"{rank}.pt") for rank in range(size)], done, seconds

    return run


@pytest.fixture(params=[1, 2, 3])
def told(request, run):
    return run(request.param)[0]


@pytest.fixture(scope="module")
def one():
    """Return what one `Trainer` makes of each case."""
    return {name: train(Trainer, **options) for name, options in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_several_processes_make_the_updates_of_one(told, one, name):
    for process in told:
        theirs = process["told"][name]
        assert theirs.keys() == one[name].keys()
        assert theirs["stop"] == one[name]["stop"] == "steps"
        for key in theirs.keys() - {"stop"}:
            torch.testing.assert_close(theirs[key], one[name][key], rtol=1e-12, atol=1e-12)


def test_all_processes_have_the_same_record_and_parameters_bit_for_bit(told):
    first = told[0]["told"]
    for process in told[1:]:
        for name, case in process["told"].items():
            for key in case.keys() - {"stop"}:
                assert torch.equal(case[key], first[name][key]), (name, key)


def test_a_record_holds_a_number_and_not_the_gradients_that_came_with_it(told):
    assert [process["kept"] for process in told] == [8] * len(told)  # a float64


def test_the_usual_mean_over_processes_is_another_gradient_where_shares_differ(told):
    size = len(told)
    trainer, batches = make(Trainer, 0)
    ours = []
    for X, y in batches.epoch(0):
        trainer.update(X, y)
        ours.append(torch.nn.utils.parameters_to_vector(trainer.model.parameters()).detach())
    difference = (told[0]["usual"] - torch.stack(ours)).abs().amax(1)
    if size == 1:
        assert difference.max() < 1e-12
    elif size == 2:  # six batches of 4 + 4 rows, and a last one of 1 + 2
        assert difference[:-1].max() < 1e-12
        assert difference[-1] > 1e-3
    else:  # 2 + 3 + 3 rows from the first on
        assert difference[0] > 1e-4


@pytest.mark.parametrize("size", [1, 3])
def test_a_run_that_ends_well_leaves_no_warning(run, size):
    _, done, _ = run(size)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_process_that_dies_ends_the_run_with_its_exit_code(run):
    _, done, seconds = run(2)
    assert seconds < ALONE / 2
    assert done.returncode != 0
    assert "exitcode  : 7" in done.stderr
    assert "rank      : 1" in done.stderr


def test_the_others_say_in_vain_for_whom_they_wait_when_one_has_failed():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    start = time.monotonic()
    processes = [
        subprocess.Popen(
            [sys.executable, PROGRAM, "", "raise"],
            env=environment(
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE="2",
                MASTER_ADDR="127.0.0.1",
                MASTER_PORT=port,
            ),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        waiting, failed = (process.communicate(timeout=ALONE)[1] for process in processes)
    finally:
        for process in processes:
            process.kill()
    assert time.monotonic() - start < ALONE / 2
    assert [process.returncode for process in processes] == [1, 1]
    assert "OSError: the disk of process 1 is gone" in failed
    assert "RuntimeError: process 0 of 2 waits in vain for the others at update 3" in waiting


def test_a_parallel_trainer_outside_of_join_is_refused():
    with pytest.raises(RuntimeError, match=r"this process is alone: .* `with join\(\):`"):
        make(ParallelTrainer, 0)
