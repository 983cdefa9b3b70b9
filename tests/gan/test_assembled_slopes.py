"""What tasks minimise with penalties on slopes, and looking ahead, as assembled: discriminators of one hidden layer,
whose values and slopes of first and second order are written out in NumPy."""

import copy

import numpy as np
import pytest

import pydl
from pydl.models.gan.mlp_gan import MLPDiscriminator

N = 8
LABELS = np.array([2, 0, 1, 1, 2, 0, 0, 1])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Perceptron:
    """s(x) = v · lrelu(W x + b) + c in NumPy, of slope 0.2 below 0: the weights of a discriminator of the registry."""

    def __init__(self, layers):
        hidden, last = layers[0], layers[-1]
        self.parameters = [hidden.weight, hidden.bias, last.weight, last.bias]
        self.w, self.b, self.v, self.c = (p.detach().numpy() for p in self.parameters)

    def bent(self, x):
        return np.where(x @ self.w.T + self.b > 0, 1.0, 0.2)

    def score(self, x):
        return ((x @ self.w.T + self.b) * self.bent(x)) @ self.v.T + self.c

    def pulled(self, x, a):
        """The slopes of Σ aᵢ s(xᵢ) in (W, b, v, c), for `a` (N, 1)."""
        m = self.bent(x)
        inner = a * m * self.v
        return [inner.T @ x, inner.sum(0), a.T @ ((x @ self.w.T + self.b) * m), a.sum(0)]

    def slopes(self, x):
        """∇s at each x."""
        return (self.bent(x) * self.v) @ self.w

    def turned(self, x, g):
        """The slopes of Σ gᵢ · ∇s(xᵢ) in (W, b, v, c); `g` beside x, which b and c do not move."""
        m = self.bent(x)
        return [(m * self.v).T @ g, np.zeros_like(self.b), (m * (g @ self.w.T)).sum(0)[None], np.zeros_like(self.c)]


def lipschitz(judge, x, weight):
    """weight · E (‖∇s(x)‖ - 1)², and its slopes in the parameters."""
    g = judge.slopes(x)
    length = np.linalg.norm(g, axis=1, keepdims=True)
    return weight * ((length - 1) ** 2).mean(), judge.turned(x, 2 * weight / N * (length - 1) * g / length)


def compare(loss, judge, value, slopes):
    np.testing.assert_allclose(loss.item(), value, rtol=1e-10)
    for got, wanted in zip(pydl.grad(loss, judge.parameters, allow_unused=True), slopes, strict=True):
        got = np.zeros_like(wanted) if got is None else got.numpy()
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


def twin(rng):
    """A generator that goes on with the numbers of `rng`."""
    other = pydl.random.Generator(0)
    other.set_state(rng.get_state())
    return other


def test_wgan_gp(assembled):
    """Gulrajani et al., Algorithm 1: D(G(z)) - D(x) + λ (‖∇D(x̂)‖ - 1)², x̂ = ε x + (1 - ε) G(z), ε for each sample."""
    task, real, fake = assembled.build("wgan-gp", penalty=3.0)
    judge, x, made = Perceptron(task.discriminator.layers), real.data.numpy(), fake.data.detach().numpy()
    share = pydl.rand(N, 1, generator=twin(task.rng), dtype=pydl.float64).numpy()
    penalty, turn = lipschitz(judge, share * x + (1 - share) * made, 3.0)
    ones = np.ones((N, 1)) / N
    slopes = [sum(parts) for parts in zip(judge.pulled(made, ones), judge.pulled(x, -ones), turn, strict=True)]
    value = judge.score(made).mean() - judge.score(x).mean() + penalty
    compare(task.discriminator_loss(real, fake)[0], judge, value, slopes)
    on_fake = task.discriminator(fake.data)
    assembled.check(task, task.generator_loss(fake), [on_fake], lambda f: (-f.mean(), (-1 / N,)))


def adversarial(judge, x, made):
    """-E log D(x) - E log(1 - D(G(z))) and its slopes in the parameters."""
    r, f = judge.score(x), judge.score(made)
    value = -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean()
    pairs = zip(judge.pulled(x, (sigmoid(r) - 1) / N), judge.pulled(made, sigmoid(f) / N), strict=True)
    return value, [up + down for up, down in pairs]


def non_saturating(f):
    return -np.log(sigmoid(f)).mean(), ((sigmoid(f) - 1) / N,)


def test_dragan(assembled):
    """Kodali et al.: as the first GAN, + λ E (‖∇s(x̂)‖ - 1)² near real samples, x̂ = x + α · ½ std · U."""
    task, real, fake = assembled.build("dragan", penalty=3.0)
    judge, x = Perceptron(task.discriminator.layers), real.data.numpy()
    rng = twin(task.rng)
    uniform = pydl.rand(N, 2, generator=rng, dtype=pydl.float64).numpy()
    alpha = pydl.rand(N, 1, generator=rng, dtype=pydl.float64).numpy()
    penalty, turn = lipschitz(judge, x + alpha * 0.5 * x.std() * uniform, 3.0)
    value, slopes = adversarial(judge, x, fake.data.detach().numpy())
    loss = task.discriminator_loss(real, fake)[0]
    compare(loss, judge, value + penalty, [sum(pair) for pair in zip(slopes, turn, strict=True)])
    assembled.check(task, task.generator_loss(fake), [task.discriminator(fake.data)], non_saturating)


def squared(judge, x, weight, columns=slice(None)):
    """weight / 2 · E ‖∇s(x)‖² over `columns` of x, and its slopes in the parameters."""
    g = np.zeros_like(x)
    g[:, columns] = judge.slopes(x)[:, columns]
    return weight / 2 * (g**2).sum() / len(x), judge.turned(x, weight / len(x) * g)


def test_stylegan(assembled):
    """Karras et al.: the non-saturating losses, and γ/2 E ‖∇s(x)‖² at real images (R1 of Mescheder et al.)."""
    task, real, fake = assembled.build("stylegan", "digits", r1=3.0, depth=2)
    assembled.check(task, task.generator_loss(fake), [task.discriminator(fake.data)], non_saturating)
    plain, penalties = task.discriminator, task.penalties
    task.penalties = ()

    def of_d(r, f):
        value = -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean()
        return value, ((sigmoid(r) - 1) / N, sigmoid(f) / N)

    outputs = [plain(real.data), plain(fake.data)]
    assembled.check(task, task.discriminator_loss(real, fake)[0], outputs, of_d)
    task.penalties, task.discriminator = penalties, MLPDiscriminator((1, 8, 8), [5]).double()
    judge = Perceptron(task.discriminator.layers)
    x, made = (part.data.detach().numpy().reshape(N, -1) for part in (real, fake))
    (value, slopes), (penalty, turn) = adversarial(judge, x, made), squared(judge, x, 3.0)
    loss = task.discriminator_loss(real, fake)[0]
    compare(loss, judge, value + penalty, [sum(pair) for pair in zip(slopes, turn, strict=True)])


@pytest.mark.parametrize("model", ["gan", "lsgan", "cgan", "acgan", "infogan", "pacgan"])
def test_the_option_r1_adds_its_term(assembled, model):
    """3/2 · E ‖∇s(x)‖² at real samples, with the class held fixed, and a pack of two as one: no more than that."""
    task, real, fake = assembled.build(model, r1=3.0)
    network = task.discriminator
    for name in ("network", "body"):
        network = getattr(network, name, network)
    judge, x = Perceptron(network.layers), real.data.numpy()
    x = {"cgan": np.concatenate([x, np.eye(3)[LABELS]], 1), "pacgan": x.reshape(N // 2, -1)}.get(model, x)
    whole = task.discriminator_loss(real, fake)[0]
    task.penalties = ()
    term = whole - task.discriminator_loss(real, fake)[0]
    compare(term, judge, *squared(judge, x, 3.0, slice(0, 2) if model == "cgan" else slice(None)))


def tanh_game(weights, x, made):
    """-E log D(x) - E log(1 - D(G(z))) and its slopes, for s(x) = v · tanh(W x + b) + c."""
    w, b, v, c = weights
    value, slopes = 0.0, [np.zeros_like(part) for part in weights]
    for points, sign in ((x, 1.0), (made, -1.0)):
        h = np.tanh(points @ w.T + b)
        s = sign * (h @ v.T + c)
        value -= np.log(sigmoid(s)).mean()
        a = sign * (sigmoid(s) - 1) / N
        inner = a * v * (1 - h**2)
        for slope, part in zip(slopes, (inner.T @ points, inner.sum(0), a.T @ h, a.sum(0)), strict=True):
            slope += part
    return value, slopes


@pytest.mark.parametrize("unroll", [1, 3])
@pytest.mark.parametrize("inner", ["sgd", "adam"])
def test_unrolled(assembled, inner, unroll):
    """Metz et al., eq. 5 to 10: G descends -L_D of D after K steps on this batch, and through them; D does L_D."""
    task, real, fake = assembled.build("unrolled-gan", inner=inner, unroll=unroll, lr=0.05)
    layers = task.discriminator.layers
    start = [p.detach().numpy() for p in (layers[0].weight, layers[0].bias, layers[-1].weight, layers[-1].bias)]
    x, made = real.data.numpy(), fake.data.detach().numpy()

    def ahead(points):
        """-L_D at D^K, by plain descent, or by Adam with β = (0.5, 0.999); the task was made with float32 rates."""
        weights, first, second = copy.deepcopy(start), [0.0] * 4, [0.0] * 4
        for t in range(1, unroll + 1):
            rate, *corrections = np.array([0.05, 1 - 0.5**t, 1 - 0.999**t], np.float32).astype(float)
            for i, g in enumerate(tanh_game(weights, x, points)[1]):
                first[i], second[i] = 0.5 * first[i] + 0.5 * g, 0.999 * second[i] + 0.001 * g**2
                mean, square = first[i] / corrections[0], second[i] / corrections[1]
                weights[i] = weights[i] - rate * (g if inner == "sgd" else mean / (np.sqrt(square) + 1e-8))
        return -tanh_game(weights, x, points)[0]

    def of_g(points):
        """The slopes by central differences."""
        slopes = np.zeros_like(points)
        for place in np.ndindex(*points.shape):
            step = np.zeros_like(points)
            step[place] = 1e-5
            slopes[place] = (ahead(points + step) - ahead(points - step)) / 2e-5
        return ahead(points), (slopes,)

    task.real = real
    np.testing.assert_allclose(task.generator_loss(fake).item(), ahead(made), rtol=1e-10)
    assembled.check(task, task.generator_loss(fake), [fake.data], of_g, rtol=1e-5)
    loss = task.discriminator_loss(real, fake)[0]
    value, slopes = tanh_game(start, x, made)
    np.testing.assert_allclose(loss.item(), value, rtol=1e-10)
    for got, wanted in zip(pydl.grad(loss, list(task.discriminator.parameters())), slopes, strict=True):
        np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-9, atol=1e-12)
