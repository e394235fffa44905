"""Runs begun where workers are hard to start: nothing fails for it, or one line says what to do."""

import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor

import pytest
from tests.study import small

import bbpscape as bb
from bbpscape.study import crew, executors
from bbpscape.study.crew import ExecutorLost
from bbpscape.study.store import Store

SCRIPT = textwrap.dedent(
    """
    import sys
    import bbpscape as bb

    print("once")

    def spacing(one):
        return one.eigenvalues[1] - one.eigenvalues[0]

    study = bb.Study(
        bb.TeacherStudent(1, 1),
        {"alpha": [2.0, 3.0], "N": 20},
        ["lowest", bb.Observable("spacing", spacing), bb.Observable("two", lambda one: 2.0)],
        draws=2,
        theory=False,
    )
    results = study.run("s.sqlite", workers=2)
    print(results.last_run.done, results.last_run.failed, results.last_run.retried)
    print(results.to_dataframe()["mean"].notna().all(), results.status.ok)
    """
)


@pytest.mark.parametrize("way", ["file", "standard input", "-c"])
def test_a_script_without_a_guard_runs_once_and_loses_nothing(tmp_path, way):
    if way == "file":
        (tmp_path / "script.py").write_text(SCRIPT)
        arguments, text = ["script.py"], None
    else:
        arguments, text = (["-"], SCRIPT) if way == "standard input" else (["-c", SCRIPT], None)
    done = subprocess.run(
        [sys.executable, *arguments], input=text, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["once", "4 0 0", "True True"]


POOL = textwrap.dedent(
    """
    import bbpscape as bb
    from concurrent.futures import ProcessPoolExecutor
    import multiprocessing

    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": 2.0, "N": 20}, draws=2)
    try:
        study.run("s.sqlite", executor=pool)
    except bb.study.ExecutorLost as error:
        print(error)
    """
)


def test_a_pool_that_needs_the_guard_says_so_and_marks_nothing(tmp_path):
    (tmp_path / "script.py").write_text(POOL)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert 'if __name__ == "__main__"' in lines[-1]
    assert "workers=1" in lines[-1]
    status = bb.study_status(tmp_path / "s.sqlite")
    assert (status.failed, status.done, status.left) == (0, 0, 3)


def _broken(job):
    import os

    os._exit(3)


def test_workers_that_cannot_start_mark_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "ready", _broken)
    path = small.write(tmp_path)
    with (
        ProcessPoolExecutor(1, small.context()) as pool,
        pytest.raises(ExecutorLost, match="no worker could be started"),
    ):
        small.run(path, executor=pool)
    with Store(path.with_suffix(".sqlite")) as store:
        assert {row[0] for row in store.rows(["status"])} == {"pending"}


def _lacking(job):
    return "device 'cuda' is not here"


def test_what_a_worker_lacks_is_said_before_a_point_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "ready", _lacking)
    path = small.write(tmp_path)
    with pytest.raises(bb.InvalidInput, match="device 'cuda' is not here"):
        small.run(path, 1)
    assert not path.with_suffix(".sqlite").exists()


@pytest.mark.parametrize("device", ["cuda", "torch-cpu"])
def test_a_device_that_is_not_here_is_refused_first_and_can_be_changed(tmp_path, device):
    try:
        import torch

        missing = device == "cuda" and not torch.cuda.is_available()
    except ImportError:
        missing = True
    if not missing:
        pytest.skip("the device is here")
    path = tmp_path / "s.sqlite"
    axes = {"alpha": 2.0, "N": 20}
    wrong = bb.Study(bb.TeacherStudent(1, 1), axes, draws=2, device=device)
    for call in (wrong.plan, lambda: wrong.run(path, workers=1)):
        with pytest.raises(bb.InvalidInput) as stop:
            call()
        assert "\n" not in str(stop.value)
    assert not path.exists()
    bb.Study(bb.TeacherStudent(1, 1), axes, draws=2).run(path, workers=1)
    with pytest.raises(bb.InvalidInput, match=r"torch|cuda|CUDA"):
        wrong.run(path, workers=1)


def test_a_second_device_goes_on_with_the_same_file(tmp_path):
    path = tmp_path / "s.sqlite"
    axes = {"alpha": 2.0, "N": 20}
    one = bb.Study(bb.TeacherStudent(1, 1), axes, draws=1, device="cpu")
    one.run(path, workers=1)
    values = one.to_dict() | {"device": "torch-cpu", "draws": 2}
    from bbpscape.study.plan import check_extension, covered_draws, wanted

    other = bb.Study.from_dict(values)
    with Store(path) as store:
        check_extension(other, store.definition(), wanted(other), covered_draws(other, store))
