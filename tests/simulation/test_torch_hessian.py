"""Hessians of torch networks: products beside torch's own Hessian, and two layers beside theory."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.torch_hessian import torch_hessian

torch = pytest.importorskip("torch", reason="torch is an optional extra")
nn = torch.nn


def network(kind=torch.float64):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 6), nn.Softplus(), nn.Linear(6, 3))
    return net.to(kind)


def batches(count=1, kind=torch.float64):
    torch.manual_seed(1)
    return [(torch.randn(20, 5, dtype=kind), torch.randint(0, 3, (20,))) for _ in range(count)]


def exact(net, loss, data):
    """By torch.autograd.functional.hessian, entry by entry."""
    net = net.double()
    names = [name for name, one in net.named_parameters() if one.requires_grad]
    weights = [dict(net.named_parameters())[name].detach() for name in names]
    sizes = [one.numel() for one in weights]

    def value(flat):
        parts = [f.view(w.shape) for f, w in zip(flat.split(sizes), weights, strict=True)]
        state = dict(zip(names, parts, strict=True))
        return sum(loss(torch.func.functional_call(net, state, (x.double(),)), y) for x, y in data)

    flat = torch.cat([one.reshape(-1) for one in weights])
    return torch.autograd.functional.hessian(value, flat).numpy()


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
@pytest.mark.parametrize("chunk", [None, 1, 4])
def test_products(kind, chunk):
    net, data, loss = network(kind), batches(2, kind), nn.CrossEntropyLoss()
    H = torch_hessian(net, loss, data, chunk=chunk)
    V = np.random.default_rng(0).standard_normal((H.size, 9))
    found, expected = H.matmat(V), exact(net, loss, data) @ V
    np.testing.assert_allclose(found, expected, atol=1e-12 * abs(expected).max())
    np.testing.assert_allclose(H.matmat(V[:, :1]), found[:, :1], atol=1e-13)


def test_both_ends_are_certified():
    net, data, loss = network(), batches(), nn.CrossEntropyLoss(reduction="sum")
    values = np.linalg.eigvalsh(exact(net, loss, data))
    H = torch_hessian(net, loss, data[0])
    for method in ("dense", "iterative"):
        low, high = (f(H, 3, 1e-7, method=method) for f in (bb.lowest, bb.highest))
        np.testing.assert_allclose(low.eigenvalues, values[:3], atol=1e-8 * abs(values).max())
        np.testing.assert_allclose(high.eigenvalues, values[::-1][:3], rtol=1e-8)
        assert low.certificate.passed
        assert high.certificate.passed


def test_frozen_weights_are_left_out_and_the_module_is_left_alone():
    net, data = network(torch.float32), batches(1, torch.float32)
    net[0].weight.requires_grad_(False)
    before = [one.detach().clone() for one in net.parameters()]
    H = torch_hessian(net, nn.CrossEntropyLoss(), data)
    assert H.size == sum(one.numel() for one in net.parameters()) - 35
    H.matmat(np.eye(H.size))
    for one, same in zip(net.parameters(), before, strict=True):
        assert one.dtype == torch.float32
        assert torch.equal(one, same)
        assert one.grad is None
    assert not any(one._forward_hooks for one in net.modules())


class Square(nn.Module):
    def forward(self, x):
        return x * x


def student(p, N, second=None):
    torch.manual_seed(2)
    net = nn.Sequential(
        nn.Linear(N, p, bias=False), nn.Tanh(), nn.Linear(p, 1, bias=False)
    ).double()
    with torch.no_grad():
        net[0].weight *= np.sqrt(N) / net[0].weight.norm(dim=1, keepdim=True)
        net[2].weight[:] = torch.tensor(second if second else [1 / p] * p)
    return net


@pytest.mark.parametrize("second", [None, [0.5, -0.25]])
def test_a_two_layer_module_is_its_model(second):
    N, net = 30, student(2, 30, second)
    model = bb.TeacherStudent.of_module(net, p_star=2, loss="square")
    expected = bb.TeacherStudent(2, 2, "square", "tanh", second_layer=second)
    assert model == expected
    net[2].weight.requires_grad_(False)
    instance = bb.draw(model, 4.0, N, 0).at(net[0].weight.detach().numpy())
    data = torch.tensor(np.array(instance.inputs)), torch.tensor(np.array(instance.labels))
    H = torch_hessian(net, lambda out, y: 0.5 * ((out[:, 0] - y) ** 2).sum(), data)
    np.testing.assert_allclose(H.matmat(np.eye(2 * N)), instance.hessian.dense(), atol=1e-10)


def test_the_theory_of_a_module_says_where_its_bulk_begins():
    """At N = 300 the outlier and the edge lie within 5 %, the width of their fluctuations."""
    N, alpha, net = 300, 4.0, student(1, 300)
    model = bb.TeacherStudent.of_module(net, p_star=1, loss="square")
    instance = bb.draw(model, alpha, N, 3).at(net[0].weight.detach().numpy())
    net[2].weight.requires_grad_(False)
    data = torch.tensor(np.array(instance.inputs)), torch.tensor(np.array(instance.labels))
    H = torch_hessian(net, lambda out, y: 0.5 * ((out[:, 0] - y) ** 2).sum(), data)
    law = bb.spectrum(model, alpha)
    expected = [law.outliers[0].eigenvalue, law.left_edge.value]
    assert expected[0] < 1.05 * expected[1]
    np.testing.assert_allclose(bb.lowest(H, 2).eigenvalues, expected, rtol=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda net: "net", "module must be a torch.nn.Module, got str"),
        (
            lambda net: network(),
            "module is not two-layer: .* Linear, Tanh, Linear, Softplus, Linear",
        ),
        (lambda net: nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 1)), "no biases"),
        (lambda net: nn.Sequential(net[0], nn.Tanh(), nn.Linear(2, 3, bias=False)), "one output"),
        (lambda net: nn.Sequential(net[0], Square(), net[2]), "not one of Tanh.*say which by"),
        (
            lambda net: nn.Sequential(nn.Linear(30, 2, bias=False), nn.Tanh(), net[2]),
            r"must have norm sqrt\(N\) = 5.477, .*multiply them by",
        ),
    ],
)
def test_a_module_that_is_not_two_layer_is_refused(change, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.TeacherStudent.of_module(change(student(2, 30)))


def test_a_module_whose_neurons_overlap_needs_their_gram_matrix():
    net = student(2, 400)
    with torch.no_grad():
        net[0].weight[1] = 0.6 * net[0].weight[0] + 0.8 * net[0].weight[1]
    W = net[0].weight.detach().numpy()
    with pytest.raises(bb.InvalidInput, match="overlap by 0.*: give student_gram"):
        bb.TeacherStudent.of_module(net, loss="square")
    model = bb.TeacherStudent.of_module(net, loss="square", student_gram=W @ W.T / 400)
    np.testing.assert_allclose(model.gram, W @ W.T / 400)


def test_an_activation_may_be_said_and_is_held_against_the_outputs():
    net = student(2, 30)
    net = nn.Sequential(net[0], Square(), net[2])
    assert bb.TeacherStudent.of_module(net, activation="quadratic").activation.quadratic
    with pytest.raises(bb.InvalidInput, match="its outputs are not those of 2 neurons tanh"):
        bb.TeacherStudent.of_module(net, activation="tanh")


def test_what_has_no_hessian_is_refused():
    net, (data,), loss = network(), batches(), nn.CrossEntropyLoss()
    frozen = network().requires_grad_(False)
    for arguments, message in (
        (("net", loss, data), "module must be a torch.nn.Module, got str"),
        ((net, "loss", data), "loss must be callable"),
        ((frozen, loss, data), "module must have weights with requires_grad"),
        ((net, loss, data[0]), "data must be a pair of tensors"),
        ((net, nn.CrossEntropyLoss(reduction="none"), data), "loss must give one number"),
        ((net, loss, (data[0][:, :2], data[1])), "torch could not differentiate .* twice: "),
        ((nn.Linear(5, 1).double(), lambda out, y: out.sum(), data), "linear in all weights"),
    ):
        with pytest.raises(bb.InvalidInput, match=message):
            torch_hessian(*arguments)
