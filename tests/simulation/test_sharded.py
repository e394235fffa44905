"""Rows of X on the workers of a Dask cluster: the same draw, sums and pairs as on one machine."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.operator import Operator
from bbpscape.simulation.samples import Units
from bbpscape.simulation.scheduler import ExecutorLost
from bbpscape.simulation.sharded import hessian as module
from bbpscape.simulation.sharded.hessian import ShardedHessian
from bbpscape.simulation.sharded.shards import spread

pytest.importorskip("distributed", reason="Dask is not installed: the extra cluster")

# Dask's own clean-up of sockets and threads is not ours to judge.
pytestmark = pytest.mark.filterwarnings("default")
MODEL = TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(0.1))
ALPHA, N, SEED = 10.0, 110, 3  # 1100 rows are three panels


def local_cluster():
    """Two workers in this process, which start in no time."""
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp://",
        dashboard_address=":0",
        silence_logs=50,
    )


@pytest.fixture(scope="module")
def cluster():
    with local_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def client(cluster):
    from distributed import Client

    with Client(cluster, set_as_default=False) as one:
        yield one


@pytest.fixture(scope="module")
def sharded(client):
    return ShardedHessian(MODEL, ALPHA, N, SEED, client=client)


@pytest.fixture(scope="module")
def instance():
    return bb.draw(MODEL, ALPHA, N, SEED)


def test_the_draw_is_that_of_one_machine(sharded, instance):
    assert [rows.stop for rows in sharded.shards.rows] == [1024, 1100]
    rows = np.concatenate([panel for _, panel in sharded.panels()])
    np.testing.assert_array_equal(rows, instance.inputs)
    np.testing.assert_array_equal(sharded.student, instance.student)
    np.testing.assert_array_equal(sharded.teacher, instance.teacher)
    np.testing.assert_allclose(sharded.curvature, instance.curvature, rtol=1e-9, atol=1e-12)


def test_norms_mean_and_noise_are_those_of_the_draw(client):
    law = bb.InputLaw([1.5, 0.5], "chi2:5", mean=1.0)
    labels = bb.Labels(noise=0.3, flip=0.1)
    model = TeacherStudent(2, 2, bb.losses.Huber(1.0), labels=labels, inputs=law)
    held, generator = bb.draw(model, 55.0, 10, 4, 2), np.random.default_rng(5)
    one = ShardedHessian(model, 55.0, 10, 4, 2, client=client)
    np.testing.assert_array_equal(np.concatenate([x for _, x in one.panels()]), held.inputs)
    np.testing.assert_allclose(one.labels, held.labels, rtol=1e-9, atol=1e-12)
    assert abs(held.labels - model.teacher_output(held.inputs @ held.teacher.T)).max() > 0.5
    ShardedHessian(MODEL, 60.0, 10, generator, client=client)
    other = np.random.default_rng(5)
    bb.draw(MODEL, 60.0, 10, other)
    assert generator.random() == other.random()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sums_are_those_of_one_machine(sharded, instance, dtype, monkeypatch):
    monkeypatch.setattr(module, "STRIPE", 40 * 110 * np.dtype(dtype).itemsize)
    one = Operator(instance.hessian, dtype, units=Units(4.0))
    other = module.ShardedOperator(sharded, Units(4.0)).to(dtype)
    near = {"rtol": 0, "atol": 1e-12 if dtype == "float64" else 2e-5}
    block = np.random.default_rng(0).standard_normal((3, 220)).astype(dtype)
    np.testing.assert_allclose(other(block), one(block), **near)
    assert (other.columns, other.calls, other(block).dtype) == (3, 1, dtype)
    weights = np.random.default_rng(1).standard_normal(1100)
    lower = np.tril(instance.inputs.T * weights @ instance.inputs)
    np.testing.assert_allclose(np.tril(other.gram(weights, dtype)), lower, **near)
    np.testing.assert_allclose(other.squares(weights), lower.diagonal(), **near)
    index = np.array([0, 511, 1023, 1024, 1090])
    np.testing.assert_allclose(other.rows(index), instance.inputs[index].astype(dtype), atol=0)


def after(calls, action, monkeypatch):
    """Do something before so many products; the count of all."""
    counted, called = [], module.ShardedOperator.__call__

    def product(self, block):
        counted.append(len(block))
        if len(counted) == calls:
            action()
        return called(self, block)

    monkeypatch.setattr(module.ShardedOperator, "__call__", product)
    return counted


def test_simulate_is_that_of_one_machine_with_a_worker_lost_half_way(monkeypatch):
    settings = {"N": N, "seed": SEED, "k": 3}
    held = bb.simulate(MODEL, ALPHA, method="iterative", **settings)
    with local_cluster() as made:
        lost = made.workers[0]
        # It leaves nobody its rows.
        counted = after(15, lambda: made.sync(lost.close, nanny=False), monkeypatch)
        found = bb.simulate(MODEL, ALPHA, scheduler=made.scheduler_address, **settings)
        assert lost.status.name == "closed"
    assert len(counted) > 25
    one, other = held.draws[0], found.draws[0]
    np.testing.assert_allclose(other.eigenvalues, one.eigenvalues, rtol=0, atol=1e-10)
    np.testing.assert_allclose(other.m2, one.m2, rtol=0, atol=1e-8)
    assert other.certificate.passed


def test_rows_are_shared_by_threads():
    shares = dict(spread(10_240, {"a": 1, "b": 3}))
    assert list(spread(600, {"a": 8})) == [("a", slice(0, 512)), ("a", slice(512, 600))]
    assert shares["a"] == slice(0, 2560)
    parts = [rows for _, rows in spread(10_000, {"a": 1, "b": 2})]
    assert [rows.start for rows in parts[1:]] == [rows.stop for rows in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, 10_000)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "dense"}, "method with a scheduler must be"),
        ({"device": "torch-cpu"}, "leave out device, stream and workers"),
        ({"stream": True}, "leave out device, stream and workers"),
        ({"workers": 2}, "leave out device, stream and workers"),
        ({"inputs": np.random.default_rng(0).standard_normal((400, 50))}, "rows of your own"),
        ({"scheduler": "nonsense"}, "a scheduler is an address such as"),
        ({"scheduler": "127.0.0.1:1"}, "no Dask scheduler answers at"),
    ],
)
def test_refusals(options, message):
    given = {"scheduler": "127.0.0.1:1"} | options
    with pytest.raises(bb.InvalidInput, match=message):
        bb.simulate(MODEL, 3.0, **({"N": 50} | given if "inputs" not in given else given))


def test_workers_without_room_are_refused(cluster, monkeypatch):
    monkeypatch.setattr("bbpscape.simulation.simulate.require_memory", lambda *given: None)
    with pytest.raises(bb.InvalidInput, match="start workers on more machines"):
        bb.simulate(MODEL, 3.0, 10**6, scheduler=cluster.scheduler_address)


def test_a_scheduler_that_goes_ends_the_run_in_one_line(monkeypatch):
    with local_cluster() as made:
        after(3, made.close, monkeypatch)
        with pytest.raises(ExecutorLost, match="the Dask scheduler is gone"):
            bb.simulate(MODEL, 3.0, 50, scheduler=made.scheduler_address)
