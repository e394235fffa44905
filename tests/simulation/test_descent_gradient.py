"""The gradient against finite differences and automatic differentiation, for every model."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.activations import ACTIVATIONS
from bbpscape.simulation.backend import NumpyBackend, backend
from bbpscape.simulation.data.instance import Instance, draw
from bbpscape.simulation.descent import gradient as descent_gradient
from bbpscape.simulation.descent.gradient import BatchGradient

N, ALPHA = 12, 3.0
LOSSES = {
    "normalized-square": bb.NormalizedSquare(0.3),
    "absolute-normalized-square": bb.losses.AbsoluteNormalizedSquare(0.3),
    "square": bb.losses.Square(),
    "logistic": bb.losses.Logistic(),
    "huber": bb.losses.Huber(0.7),
    "quartic": bb.loss("(y - yhat)**4/12"),
}


def model(activation, loss, **others):
    if loss == "normalized-square" and ACTIVATIONS[activation].bounds[0] < 0:
        pytest.skip("a + y must be positive")
    return bb.TeacherStudent(3, 2, LOSSES[loss], ACTIVATIONS[activation], **others)


def instances(one, count=2, seed=3):
    return [draw(one, ALPHA, N, seed, index) for index in range(count)]


def students(count, p=3, seed=0):
    return np.random.default_rng(seed).standard_normal((count, p, N))


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def by_differences(instance, student, step=1e-5):
    gradient = np.empty(student.shape)
    for index in np.ndindex(student.shape):
        ahead, behind = student.copy(), student.copy()
        ahead[index] += step
        behind[index] -= step
        gradient[index] = (instance.loss(ahead) - instance.loss(behind)) / (2 * step)
    return gradient


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_gradient_against_differences(activation, loss):
    batch = instances(model(activation, loss))
    at = students(2)
    losses, gradients = BatchGradient(batch)(at)
    for one, w, value, gradient in zip(batch, at, losses, gradients, strict=True):
        assert value == pytest.approx(one.loss(w), rel=1e-12)
        assert relative(gradient, by_differences(one, w)) < 1e-6


def torch_functions():
    torch = pytest.importorskip("torch", reason="torch is an optional extra")
    activations = {
        "quadratic": lambda x: x**2,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "erf": torch.erf,
        "relu": torch.relu,
        "softplus": torch.nn.functional.softplus,
        "log-cosh": lambda x: torch.log(torch.cosh(x)),
        "gelu": torch.nn.functional.gelu,
    }
    losses = {
        "normalized-square": lambda y, z: 0.5 * (y - z) ** 2 / (0.3 + y),
        "absolute-normalized-square": lambda y, z: 0.5 * (y - z) ** 2 / (0.3 + y.abs()),
        "square": lambda y, z: 0.5 * (y - z) ** 2,
        "logistic": lambda y, z: torch.nn.functional.softplus(-y * z),
        "huber": lambda y, z: torch.nn.functional.huber_loss(z, y, reduction="none", delta=0.7),
        "quartic": lambda y, z: (y - z) ** 4 / 12,
    }
    return torch, activations, losses


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_gradient_against_autograd(activation, loss):
    torch, activations, losses = torch_functions()
    (one,) = instances(model(activation, loss), 1)
    at = students(1)
    w = torch.tensor(at[0], requires_grad=True)
    x, y = (torch.tensor(np.array(array)) for array in (one.inputs, one.labels))
    losses[loss](y, activations[activation](x @ w.T).mean(1)).sum().backward()
    assert relative(BatchGradient([one])(at)[1][0], w.grad.numpy()) < 1e-12


@pytest.mark.parametrize(
    ("activation", "others"),
    [
        ("quadratic", {"second_layer": (0.5, 0.3, -0.2)}),
        ("quadratic", {"labels": bb.Labels(0.2, 0.1)}),
        ("tanh", {"second_layer": (0.5, 0.3, -0.2), "labels": bb.Labels(0.2, 0.1)}),
        ("relu", {"overlap": 0.3}),
    ],
)
def test_second_layers_noise_and_overlaps(activation, others):
    (one,) = instances(model(activation, "absolute-normalized-square", **others), 1)
    at = students(1)
    assert relative(BatchGradient([one])(at)[1][0], by_differences(one, at[0])) < 1e-6


def test_a_wrong_gradient_is_found():
    (one,) = instances(model("quadratic", "normalized-square"), 1)
    at = students(1)
    wrong = BatchGradient([one])(at)[1][0] * (1 + 1e-5)
    assert relative(wrong, by_differences(one, at[0])) > 1e-6


@pytest.mark.parametrize("activation", ["quadratic", "tanh"])
def test_panels_and_batches_change_nothing(activation, monkeypatch):
    batch = instances(model(activation, "absolute-normalized-square"), 3)
    at = students(3)
    losses, gradients = BatchGradient(batch)(at)
    for i, one in enumerate(batch):
        loss, gradient = BatchGradient([one])(at[i : i + 1])
        np.testing.assert_array_equal(loss[0], losses[i])
        np.testing.assert_array_equal(gradient[0], gradients[i])
    left = BatchGradient(batch)
    left.keep(np.array([0, 2]))
    np.testing.assert_array_equal(left(at[[0, 2]])[1], gradients[[0, 2]])
    whole = draw(batch[0].model, 20.0, N, 0)
    expected = BatchGradient([whole])(at[:1])[1]
    monkeypatch.setattr(descent_gradient, "PANEL_BYTES", 1)
    assert relative(BatchGradient([whole])(at[:1])[1], expected) < 1e-13


@pytest.mark.parametrize(
    ("p", "second_layer"), [(1, None), (2, None), (3, (0.5, 0.3, -0.2)), (5, None)]
)
@pytest.mark.parametrize(("dtype", "accuracy"), [("float64", 1e-13), ("float32", 1e-5)])
def test_one_reading_of_the_data_against_matrix_products(
    p, second_layer, dtype, accuracy, monkeypatch
):
    loss = bb.losses.AbsoluteNormalizedSquare(0.3)
    one = bb.TeacherStudent(p, 2, loss, second_layer=second_layer)
    batch = [draw(one, 37 / N, N, 1, index) for index in range(2)]  # rows are read by 8 and by 1
    at = students(2, p).astype(dtype)
    losses, gradients = BatchGradient(batch, dtype)(at)
    turned = [Instance(one, np.asfortranarray(at.inputs), at.student, at.teacher) for at in batch]
    otherwise = BatchGradient(turned, dtype)(at)
    monkeypatch.setattr(descent_gradient, "FUSED", 0)
    expected = BatchGradient(batch, dtype)(at)
    assert losses == pytest.approx(expected[0], rel=accuracy)
    assert relative(gradients, expected[1]) < accuracy
    assert relative(otherwise[1], expected[1]) < accuracy


@pytest.mark.parametrize("p", [1, 4, descent_gradient.FUSED + 1])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_number_of_threads_changes_nothing(p, dtype, monkeypatch):
    monkeypatch.setattr(descent_gradient, "PANEL_BYTES", 1)
    monkeypatch.setattr(descent_gradient, "WORTH", 0.0)
    one = bb.TeacherStudent(p, 1, bb.NormalizedSquare(0.3))
    batch = [draw(one, 60.0, N, 1, index) for index in range(2)]
    at = students(2, p).astype(dtype)
    losses, gradients = BatchGradient(batch, dtype, NumpyBackend(1))(at)
    for threads in (2, 3):
        loss, gradient = BatchGradient(batch, dtype, NumpyBackend(threads))(at)
        np.testing.assert_array_equal(loss, losses)
        np.testing.assert_array_equal(gradient, gradients)
    accuracy = 1e-12 if dtype == "float64" else 1e-4
    for i, instance in enumerate(batch):
        assert losses[i] == pytest.approx(instance.loss(at[i]), rel=accuracy)
        projected = instance.inputs @ at[i].T
        r = ((projected**2).mean(1) - instance.labels) / (0.3 + instance.labels)
        assert (
            relative(gradients[i], 2 / p * (projected * r[:, None]).T @ instance.inputs) < accuracy
        )


@pytest.mark.parametrize("activation", ["quadratic", "tanh"])
@pytest.mark.parametrize(("dtype", "accuracy"), [("float64", 1e-12), ("float32", 1e-4)])
def test_torch_and_single_precision(activation, dtype, accuracy):
    pytest.importorskip("torch", reason="torch is an optional extra")
    batch = instances(model(activation, "absolute-normalized-square"), 3)
    at = students(3)
    losses, gradients = BatchGradient(batch)(at)
    where = backend("torch-cpu")
    for one in (BatchGradient(batch, dtype, where), BatchGradient(batch, dtype)):
        found = one(one.where.asarray(at, dtype))
        np.testing.assert_allclose(found[0], losses, rtol=accuracy)
        assert relative(one.where.host(found[1]), gradients) < accuracy


def test_a_batch_is_of_one_model_and_shape():
    (one,) = instances(model("tanh", "square"), 1)
    (other,) = instances(model("quadratic", "square"), 1)
    for batch in ([], [one, other]):
        with pytest.raises(bb.InvalidInput, match="instances must be"):
            BatchGradient(batch)
