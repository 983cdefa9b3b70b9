"""The techniques of Salimans et al. against their formulas, value and gradient, in float64."""

import numpy as np
import pytest

import pydl
from pydl import gan, nn
from pydl.gan import techniques

RNG = np.random.default_rng(3)
REAL, FAKE = RNG.normal(0, 2, (6, 4)), RNG.normal(0, 2, (5, 4))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_feature_matching():
    real, fake = pydl.tensor(REAL, requires_grad=True), pydl.tensor(FAKE, requires_grad=True)
    loss = techniques.feature_matching(real, fake)
    gap = REAL.mean(0) - FAKE.mean(0)
    np.testing.assert_allclose(loss.item(), (gap**2).sum(), rtol=1e-12)
    on_real, on_fake = pydl.grad(loss, [real, fake], allow_unused=True)
    assert on_real is None
    np.testing.assert_allclose(on_fake.numpy(), np.tile(-2 * gap / len(FAKE), (len(FAKE), 1)), rtol=1e-12)


def test_one_sided_smoothing():
    real, fake = pydl.tensor(REAL, requires_grad=True), pydl.tensor(FAKE, requires_grad=True)
    loss = techniques.smoothed(0.9).discriminator(real, fake)
    d = sigmoid(REAL)
    wanted = -(0.9 * np.log(d) + 0.1 * np.log(1 - d)).mean() - np.log(1 - sigmoid(FAKE)).mean()
    np.testing.assert_allclose(loss.item(), wanted, rtol=1e-12)
    on_real, on_fake = pydl.grad(loss, [real, fake])
    np.testing.assert_allclose(on_real.numpy(), (d - 0.9) / d.size, rtol=1e-11)
    np.testing.assert_allclose(on_fake.numpy(), sigmoid(FAKE) / FAKE.size, rtol=1e-12)
    plain = gan.discriminator_loss(real, fake).item()
    np.testing.assert_allclose(techniques.smoothed(1.0).discriminator(real, fake).item(), plain, rtol=1e-14)
    with pytest.raises(ValueError, match=r"\[smoothed\] expected target in \(0.5, 1\], got 0.4"):
        techniques.smoothed(0.4)


def test_the_class_more_has_the_score_zero():
    scores = pydl.tensor(REAL, requires_grad=True)
    logit = techniques.real_logit(scores)
    full = np.exp(np.concatenate([REAL, np.zeros((6, 1))], 1))
    real = 1 - full[:, -1] / full.sum(1)
    np.testing.assert_allclose(sigmoid(logit.detach().numpy()[:, 0]), real, rtol=1e-12)
    (slope,) = pydl.grad(logit.sum(), scores)
    np.testing.assert_allclose(slope.numpy(), np.exp(REAL) / np.exp(REAL).sum(1, keepdims=True), rtol=1e-12)


def test_minibatch_discrimination():
    layer = techniques.MinibatchDiscrimination(4, 3, 2).double()
    layer.weight.data.copy_(pydl.tensor(RNG.normal(0, 0.3, (4, 6))))
    output = layer(pydl.tensor(FAKE)).detach().numpy()
    rows = (FAKE @ layer.weight.detach().numpy()).reshape(5, 3, 2)
    wanted = [[sum(np.exp(-abs(rows[i, b] - rows[j, b]).sum()) for j in range(5)) for b in range(3)] for i in range(5)]
    np.testing.assert_allclose(output, np.concatenate([FAKE, wanted], 1), rtol=1e-12)
    same = layer(pydl.tensor(np.tile(FAKE[:1], (5, 1)))).detach().numpy()
    np.testing.assert_allclose(same[:, 4:], 5.0, rtol=1e-12)


def test_minibatch_discrimination_has_its_slopes():
    layer = techniques.MinibatchDiscrimination(4, 3, 2).double()
    weights = pydl.tensor(RNG.normal(0, 1, (5, 7)))
    fake = pydl.tensor(FAKE, requires_grad=True)
    (slope,) = pydl.grad((layer(fake) * weights).sum(), fake)
    sides = []
    for step in (1e-6, -1e-6):
        moved = FAKE.copy()
        moved[2, 1] += step
        sides.append((layer(pydl.tensor(moved)) * weights).sum().item())
    np.testing.assert_allclose(slope.numpy()[2, 1], (sides[0] - sides[1]) / 2e-6, rtol=1e-6)


def test_historical_average():
    p = nn.Parameter(pydl.tensor(REAL[0]))
    history = techniques.HistoricalAverage([p])
    assert history.cost() == 0.0
    for row in REAL[1:4]:
        p.data.copy_(pydl.tensor(row))
        history.update()
    p.data.copy_(pydl.tensor(REAL[4]))
    gap = REAL[4] - REAL[1:4].mean(0)
    cost = history.cost()
    np.testing.assert_allclose(cost.item(), (gap**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(pydl.grad(cost, [p])[0].numpy(), 2 * gap, rtol=1e-12)
    other = techniques.HistoricalAverage([p])
    other.load_state_dict(history.state_dict())
    history.update()
    other.update()
    assert other.cost().item() == history.cost().item()


@pytest.mark.parametrize("spatial", [(), (2, 3)])
def test_virtual_batch_norm(spatial):
    data = RNG.normal(1, 2, (7, 3, *spatial))
    layer = techniques.VirtualBatchNorm(3, 4).double()
    layer.weight.data.copy_(pydl.tensor(np.array([1.0, 2.0, 3.0])))
    layer.bias.data.copy_(pydl.tensor(np.array([0.5, 0.0, -1.0])))
    got = layer(pydl.tensor(data)).detach().numpy()
    axes = (0, *range(2, data.ndim))
    shape = (3, *[1] * len(spatial))
    weight, bias = np.array([1.0, 2.0, 3.0]).reshape(shape), np.array([0.5, 0.0, -1.0]).reshape(shape)
    for i in range(7):
        over = data[:4] if i < 4 else np.concatenate([data[:4], data[i : i + 1]])
        mean, var = (stat(axes).reshape(shape) for stat in (over.mean, over.var))
        np.testing.assert_allclose(got[i], (data[i] - mean) / np.sqrt(var + 1e-5) * weight + bias, rtol=1e-9, atol=1e-9)


def test_referenced_samples_do_not_depend_on_each_other():
    pydl.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3), techniques.VirtualBatchNorm(3, 6), nn.ReLU()).double()
    whole = techniques.Referenced(network, pydl.tensor(REAL))
    together = whole(pydl.tensor(FAKE)).detach().numpy()
    alone = np.concatenate([whole(pydl.tensor(FAKE[i : i + 1])).detach().numpy() for i in range(5)])
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    assert "reference" in whole.state_dict()
    with pytest.raises(ValueError, match=r"\[VirtualBatchNorm\] expected .* N >= 6"):
        network(pydl.tensor(FAKE))
