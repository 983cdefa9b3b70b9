"""What each variant's task minimises, put together from the registry, against the equations of its paper in float64.

The outputs of the networks are computed here, not by the methods of the tasks. Closed forms in NumPy give the loss and
its slopes in these outputs, from which the chain rule leads to the parameters of both networks.
"""

import math

import numpy as np
import pytest

import pydl

N = 8
SHAPES = ("ring", "digits")
ASKED = np.eye(3)[[2, 0, 1, 1, 2, 0, 0, 1]]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def adversarial_d(r, f):
    """-E log D(x) - E log(1 - D(G(z))), D = sigmoid(s)."""
    value = -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean()
    return value, (-(1 - sigmoid(r)) / r.size, sigmoid(f) / f.size)


def adversarial_g(f):
    """-E log D(G(z))."""
    return -np.log(sigmoid(f)).mean(), (-(1 - sigmoid(f)) / f.size,)


def squares(a, b, c):
    """½ E (s_r - b)² + ½ E (s_f - a)², ½ E (s_f - c)²."""
    return (
        lambda r, f: (((r - b) ** 2).mean() / 2 + ((f - a) ** 2).mean() / 2, ((r - b) / r.size, (f - a) / f.size)),
        lambda f: (((f - c) ** 2).mean() / 2, ((f - c) / f.size,)),
    )


def critic_g(f):
    return -f.mean(), (-1 / f.size,)


GAMES = {
    "non-saturating": (adversarial_d, adversarial_g),
    "minimax": (adversarial_d, lambda f: (np.log(1 - sigmoid(f)).mean(), (-sigmoid(f) / f.size,))),
    "least-squares": squares(0, 1, 1),
    "pearson": squares(-1, 1, 0),
    "wasserstein": (lambda r, f: (f.mean() - r.mean(), (-1 / r.size, 1 / f.size)), critic_g),
    "hinge": (
        lambda r, f: (
            np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
            ((r < 1) / -r.size, (f > -1) / f.size),
        ),
        critic_g,
    ),
}


def alone(task, samples):
    return task.discriminator(samples)


def beside_classes(task, samples):
    """D(x, y): the class as further columns, or as maps that are 1 or 0 all over."""
    maps = ASKED.reshape(N, 3, *[1] * (samples.ndim - 2)) * np.ones((1, 1, *samples.shape[2:]))
    return task.discriminator.network(pydl.cat([samples, pydl.tensor(maps)], 1))


def in_pairs(task, samples):
    """D(x₁, x₂) of each two samples that follow each other."""
    return task.discriminator.network(pydl.cat([samples[0::2], samples[1::2]], 1))


LOGITS = [(*case, {"loss": loss}, loss) for case in (("gan", "ring", alone), ("dcgan", "digits", alone))
          for loss in GAMES if loss != "pearson"]  # fmt: skip
LOGITS += [(model, name, of, {"loss": loss}, loss) for model, of in (("cgan", beside_classes), ("pacgan", in_pairs))
           for name in SHAPES for loss in ("non-saturating", "hinge")]  # fmt: skip
LOGITS += [("lsgan", "ring", alone, {"targets": "binary"}, "least-squares"),
           ("lsgan", "digits", alone, {"targets": "pearson"}, "pearson"),
           ("wgan", "ring", alone, {}, "wasserstein"), ("wgan", "digits", alone, {}, "wasserstein")]  # fmt: skip


@pytest.mark.parametrize(("model", "name", "judge", "options", "game"), LOGITS)
def test_games_of_logits(assembled, model, name, judge, options, game):
    task, real, fake = assembled.build(model, name, **options)
    on_real, on_fake = judge(task, real.data), judge(task, fake.data)
    of_d, of_g = GAMES[game]
    assembled.check(task, task.discriminator_loss(real, fake)[0], [on_real, on_fake], of_d)
    assembled.check(task, task.generator_loss(fake), [on_fake], of_g)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("model", ["cgan", "acgan"])
def test_the_generator_is_asked_for_the_classes_of_the_batch(assembled, model, name):
    """G(z, y): y are columns of its input, of which it makes use."""
    task, real, fake = assembled.build(model, name)
    assert np.array_equal(real.given.numpy(), ASKED)
    assert np.array_equal(fake.given.numpy(), ASKED)
    z = np.random.default_rng(1).uniform(-1, 1, (N, 4))
    made = [task.generator(pydl.tensor(np.concatenate([z, rows], 1))) for rows in (ASKED, np.roll(ASKED, 1, 1))]
    made.append(task.generate(pydl.tensor(np.concatenate([z, ASKED], 1))).data)
    assert np.array_equal(made[0].detach().numpy(), made[2].detach().numpy())
    assert np.abs((made[0] - made[1]).detach().numpy()).max() > 1e-3


def headed(task, samples):
    """Logits, and what the head makes of the same features."""
    network = task.discriminator
    features = network.body.features(samples)
    return network.body.layers[-1](features).flatten(1), network.head(features.flatten(1))


def named(scores):
    """-E log P(c), the classes being those that were asked for, and its slopes."""
    return -(np.log(softmax(scores)) * ASKED).sum(1).mean(), (softmax(scores) - ASKED) / N


@pytest.mark.parametrize("name", SHAPES)
def test_acgan(assembled, name):
    """Odena et al., eq. 2 and 3: D maximises L_S + L_C, G maximises L_C - L_S, in its non-saturating form."""
    task, real, fake = assembled.build("acgan", name)
    (on_real, names_real), (on_fake, names_fake) = headed(task, real.data), headed(task, fake.data)

    def of_d(r, f, c_real, c_fake):
        (value, slopes), (right, up), (made, down) = adversarial_d(r, f), named(c_real), named(c_fake)
        return value + right + made, (*slopes, up, down)

    def of_g(f, c_fake):
        (value, slopes), (made, slope) = adversarial_g(f), named(c_fake)
        return value + made, (*slopes, slope)

    loss, figures = task.discriminator_loss(real, fake)
    assembled.check(task, loss, [on_real, on_fake, names_real, names_fake], of_d)
    assembled.check(task, task.generator_loss(fake), [on_fake, names_fake], of_g)
    for figure, scores in (("class_real", names_real), ("class_fake", names_fake)):
        np.testing.assert_allclose(figures[figure].item(), named(scores.detach().numpy())[0], rtol=1e-12)


@pytest.mark.parametrize("codes", [1, 2])
@pytest.mark.parametrize("name", SHAPES)
def test_infogan(assembled, name, codes):
    """Chen et al., eq. 5 and 6: both lose λ L_I, L_I = E log Q(c given G(z, c)) + H(c), over Q too."""
    task, real, fake = assembled.build("infogan", name, categories=3, codes=codes, head=6, weight=0.7)
    given = fake.given.numpy()
    (on_real, _), (on_fake, guess) = headed(task, real.data), headed(task, fake.data)

    def information(q):
        """Of the class, one of 3, and of each code: E log N(c; mean, 1) + log 2, c uniform in [-1, 1)."""
        value = (np.log(softmax(q[:, :3])) * given[:, :3]).sum(1).mean() + math.log(3)
        apart = given[:, 3:] - q[:, 3:]
        value += (-(apart**2) / 2 - math.log(2 * math.pi) / 2 + math.log(2)).sum(1).mean()
        return value, np.concatenate([given[:, :3] - softmax(q[:, :3]), apart], 1) / N

    def of_d(r, f, q):
        (value, slopes), (known, slope) = adversarial_d(r, f), information(q)
        return value - 0.7 * known, (*slopes, -0.7 * slope)

    def of_g(f, q):
        (value, slopes), (known, slope) = adversarial_g(f), information(q)
        return value - 0.7 * known, (*slopes, -0.7 * slope)

    loss, figures = task.discriminator_loss(real, fake)
    assembled.check(task, loss, [on_real, on_fake, guess], of_d)
    assembled.check(task, task.generator_loss(fake), [on_fake, guess], of_g)
    np.testing.assert_allclose(figures["information"].item(), information(guess.detach().numpy())[0], rtol=1e-12)


def decoded(task, samples):
    """Codes, and what is decoded from them."""
    codes = task.discriminator.encoder(samples)
    return codes, task.discriminator.decoder(codes)


def lost(x, y):
    """x - Dec(Enc(x)) in rows, its length e in each, and the slope of e in x."""
    rows = (x - y).reshape(N, -1)
    e = np.sqrt((rows**2).sum(1))
    return e, (rows / e[:, None]).reshape(x.shape)


@pytest.mark.parametrize("name", SHAPES)
def test_ebgan(assembled, name):
    """Zhao et al., eq. 1, 2 and 4: E e(x) + E max(0, m - e(G(z))); E e(G(z)) + λ · PT of the codes of G(z)."""
    whole = assembled.build("ebgan", name, pull=0.3, code=3)
    energies = whole[0].discriminator(whole[2].data).detach().numpy()
    margin = float(np.median(energies))
    task, real, fake = assembled.build("ebgan", name, pull=0.3, code=3, margin=margin)
    assert 0 < (energies < margin).sum() < N
    (_, back_real), (codes, back_fake) = decoded(task, real.data), decoded(task, fake.data)

    def of_d(x, y, made, again):
        (e, slope), (e_made, slope_made) = lost(x, y), lost(made, again)
        below = ((e_made < margin) / N).reshape(N, *[1] * (made.ndim - 1))
        value = e.mean() + np.maximum(0, margin - e_made).mean()
        return value, (slope / N, -slope / N, -below * slope_made, below * slope_made)

    def of_g(made, again, s):
        e, slope = lost(made, again)
        length = np.linalg.norm(s, axis=1, keepdims=True)
        unit = s / length
        c = unit @ unit.T - np.eye(N)
        pull = (c**2).sum() / (N * (N - 1))
        turn = 4 / (N * (N - 1)) * (c @ unit - (c**2).sum(1, keepdims=True) * unit) / length
        return e.mean() + 0.3 * pull, (slope / N, -slope / N, 0.3 * turn)

    outputs = [real.data, back_real, fake.data, back_fake]
    assembled.check(task, task.discriminator_loss(real, fake)[0], outputs, of_d)
    assembled.check(task, task.generator_loss(fake), [fake.data, back_fake, codes], of_g)


@pytest.mark.parametrize("name", SHAPES)
def test_began(assembled, name):
    """Berthelot et al., section 3.4: L(x) - k L(G(z)); L(G(z)); L(v) the mean of |v - D(v)|."""
    task, real, fake = assembled.build("began", name, code=3)
    task.balance.fill_(0.3)
    k = task.balance.item()
    (_, back_real), (_, back_fake) = decoded(task, real.data), decoded(task, fake.data)

    def of_d(x, y, made, again):
        real_loss, fake_loss = np.abs(x - y).mean(), np.abs(made - again).mean()
        up, down = np.sign(x - y) / x.size, -k * np.sign(made - again) / made.size
        return real_loss - k * fake_loss, (up, -up, down, -down)

    def of_g(made, again):
        slope = np.sign(made - again) / made.size
        return np.abs(made - again).mean(), (slope, -slope)

    assembled.check(task, task.discriminator_loss(real, fake)[0], [real.data, back_real, fake.data, back_fake], of_d)
    assembled.check(task, task.generator_loss(fake), [fake.data, back_fake], of_g)
