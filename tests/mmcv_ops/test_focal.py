import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

torchvision = pytest.importorskip('torchvision')

from convnext_dense.mmcv_ops import focal  # noqa: E402

few = settings(max_examples=25, deadline=None)
gammas = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5])
alphas = st.sampled_from([0.25, 0.5, 0.9])


@st.composite
def batches(draw):
    """Draw double-precision logits, targets that include background, and weights."""
    torch.manual_seed(draw(st.integers(0, 2**16)))
    rows, classes = draw(st.integers(0, 6)), draw(st.integers(1, 5))
    logits = torch.randn(rows, classes, dtype=torch.float64) * 4
    target = torch.randint(0, classes + 1, (rows,))
    size = classes if draw(st.booleans()) else 0
    return logits, target, torch.rand(size, dtype=torch.float64)


def one_hot(target, classes):
    return torch.nn.functional.one_hot(target, classes + 1)[:, :classes].double()


def class_weight(weight, target, classes):
    """Weight of each row; background, which has no class, counts 1."""
    if not len(weight):
        return torch.ones(len(target), dtype=torch.float64)
    return torch.cat([weight, weight.new_ones(1)])[target.clamp(max=classes)]


def plain_sigmoid(logits, target, weight, gamma, alpha):
    classes = logits.size(1)
    loss = torchvision.ops.sigmoid_focal_loss(
        logits, one_hot(target, classes), alpha, gamma
    )
    return loss * class_weight(weight, target, classes)[:, None]


def plain_softmax(logits, target, weight, gamma, alpha):
    classes = logits.size(1)
    known = target < classes
    log_p = logits.log_softmax(1)[torch.arange(len(target)), target % classes]
    loss = -alpha * (1 - log_p.exp()) ** gamma * log_p * known
    return loss * class_weight(weight, target, classes)


def sigmoid(logits, target, weight, gamma, alpha):
    loss, grad = torch.empty_like(logits), torch.empty_like(logits)
    arguments = {'gamma': gamma, 'alpha': alpha}
    focal.sigmoid_focal_loss_forward(logits, target, weight, loss, **arguments)
    focal.sigmoid_focal_loss_backward(logits, target, weight, grad, **arguments)
    return loss, grad


def softmax(logits, target, weight, gamma, alpha):
    p = logits.softmax(1)
    loss, buff = logits.new_empty(len(p)), logits.new_empty(len(p))
    grad = torch.empty_like(logits)
    arguments = {'gamma': gamma, 'alpha': alpha}
    focal.softmax_focal_loss_forward(p, target, weight, loss, **arguments)
    focal.softmax_focal_loss_backward(p, target, weight, buff, grad, **arguments)
    return loss, grad


def autograd(function, logits, *arguments):
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(function(logits, *arguments).sum(), logits)[0]


@few
@given(batches(), gammas, alphas)
def test_sigmoid_loss_is_that_of_torchvision(batch, gamma, alpha):
    loss, _ = sigmoid(*batch, gamma, alpha)
    torch.testing.assert_close(loss, plain_sigmoid(*batch, gamma, alpha))


@few
@given(batches(), gammas, alphas)
def test_sigmoid_gradient_is_that_of_autograd(batch, gamma, alpha):
    _, grad = sigmoid(*batch, gamma, alpha)
    expected = autograd(plain_sigmoid, *batch, gamma, alpha)
    torch.testing.assert_close(grad, expected)


@few
@given(batches(), gammas, alphas)
def test_softmax_loss_is_the_formula(batch, gamma, alpha):
    loss, _ = softmax(*batch, gamma, alpha)
    torch.testing.assert_close(loss, plain_softmax(*batch, gamma, alpha))


@few
@given(batches().filter(lambda batch: batch[0].size(1) > 1), gammas, alphas)
def test_softmax_gradient_is_that_of_autograd(batch, gamma, alpha):
    _, grad = softmax(*batch, gamma, alpha)
    expected = autograd(plain_softmax, *batch, gamma, alpha)
    torch.testing.assert_close(grad, expected)


@pytest.mark.parametrize('reduction', ['mean', 'sum'])
@pytest.mark.parametrize('name', ['SigmoidFocalLoss', 'SoftmaxFocalLoss'])
def test_gradients_agree_with_finite_differences(name, reduction):
    ops = pytest.importorskip('mmcv.ops')
    torch.manual_seed(0)
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, 2, 1, 1])
    loss = getattr(ops, name)(2.0, 0.25, logits.new_tensor([1, 2, 3.0]), reduction)
    assert torch.autograd.gradcheck(lambda x: loss(x, target), logits)


@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
@pytest.mark.parametrize('run', [sigmoid, softmax])
def test_extreme_logits_stay_finite(run, gamma):
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]])
    loss, grad = run(logits, torch.tensor([0, 0]), logits.new_empty(0), gamma, 0.25)
    assert loss.isfinite().all()
    assert grad.isfinite().all()


@pytest.mark.parametrize('target', [-1, 3, 255])
def test_softmax_ignores_rows_without_a_class(target):
    logits = torch.randn(1, 3)
    loss, grad = softmax(logits, torch.tensor([target]), logits[0, :0], 2.0, 0.25)
    assert not loss.any()
    assert not grad.any()


@pytest.mark.parametrize('target', [-1, 3, 255])
def test_sigmoid_takes_rows_without_a_class_for_background(target):
    logits, empty = torch.randn(1, 3), torch.empty(0)
    loss, _ = sigmoid(logits, torch.tensor([target]), empty, 2.0, 0.25)
    expected, _ = sigmoid(logits, torch.tensor([3]), empty, 2.0, 0.25)
    assert loss.tolist() == expected.tolist()


@pytest.mark.parametrize('run', [sigmoid, softmax])
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_close_to_single(run, dtype):
    torch.manual_seed(0)
    logits, target = torch.randn(4, 3).to(dtype), torch.tensor([0, 1, 2, 3])
    exact = run(logits.float(), target, torch.empty(0), 2.0, 0.25)
    found = run(logits, target, torch.empty(0, dtype=dtype), 2.0, 0.25)
    torch.testing.assert_close(found, exact, atol=0.01, rtol=0.02, check_dtype=False)
