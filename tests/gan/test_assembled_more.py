"""What the tasks of the techniques, of features, styles, two domains and label maps minimise, as assembled.

As in test_assembled.py: closed forms in NumPy of what the networks give, and the chain rule to their parameters.
"""

import numpy as np
import pytest

import pydl
from pydl.gan.trainer import Samples

N = 8
LABELS = np.array([2, 0, 1, 1, 2, 0, 0, 1])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def matching(real, fake):
    """‖E f(x) - E f(G(z))‖², and its slope in f(G(z)); f(x) is held fixed."""
    gap = fake.reshape(N, -1).mean(0) - real.reshape(N, -1).mean(0)
    return (gap**2).sum(), np.broadcast_to(2 * gap / N, (N, gap.size)).reshape(fake.shape)


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_smoothed_labels_and_compared_batches(assembled, name):
    """Salimans et al., sections 3.2 and 3.4: labels 0.8 and 0; the last layer of D sees how near the others are."""
    task, real, fake = assembled.build("improved-gan", name, smooth=0.8, kernels=3, references=4)
    critic = task.discriminator
    seen = [critic.body.features(part.data).flatten(1) for part in (real, fake)]
    on_real, on_fake = (critic.last(critic.compare(features)) for features in seen)

    def of_d(r, f):
        d, made = sigmoid(r), sigmoid(f)
        value = -(0.8 * np.log(d) + 0.2 * np.log(1 - d)).mean() - np.log(1 - made).mean()
        return value, ((d - 0.8) / N, made / N)

    def of_g(f):
        return -np.log(sigmoid(f)).mean(), ((sigmoid(f) - 1) / N,)

    assembled.check(task, task.discriminator_loss(real, fake)[0], [on_real, on_fake], of_d)
    task.real = real
    assembled.check(task, task.generator_loss(fake), [on_fake], of_g)
    last, kernels, features = critic.last, critic.compare.weight.detach().numpy(), seen[1].detach().numpy()
    rows = (features @ kernels).reshape(N, 3, -1)
    near = np.exp(-np.abs(rows[:, None] - rows[None]).sum(3)).sum(1)
    wanted = np.concatenate([features, near], 1) @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    np.testing.assert_allclose(on_fake.detach().numpy(), wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("history", "match"), [(0.6, 0.0), (0.0, 0.7), (0.6, 0.7)])
def test_past_weights_and_features(assembled, history, match):
    """Sections 3.1 and 3.3: + ‖θ - 1/t Σ θ[i]‖² for each player, with its own past, + ‖E f(x) - E f(G(z))‖² for G."""
    task, real, fake = assembled.build("improved-gan", smooth=1.0, kernels=3, history=history, match=match)
    task.real = real
    rng, players = np.random.default_rng(2), {}
    hooks = {"generator": task.after_generator, "discriminator": lambda: task.after_discriminator({})}
    for player, hook in hooks.items():
        own = list(getattr(task, player).parameters())
        now, past = [p.detach().numpy().copy() for p in own], []
        for _ in range(3):
            past.append([array + rng.normal(0, 0.3, array.shape) for array in now])
            for p, array in zip(own, past[-1], strict=True):
                p.data.copy_(pydl.tensor(array))
            hook()
        for p, array in zip(own, now, strict=True):
            p.data.copy_(pydl.tensor(array))
        players[player] = own, [sum(arrays) / 3 for arrays in zip(*past, strict=True)]

    on_real, on_fake = task.discriminator(real.data), task.discriminator(fake.data)
    f_real, f_fake = task.discriminator.features(real.data), task.discriminator.features(fake.data)

    def pulled(player, arrays):
        _, means = players[player]
        gaps = [array - mean for array, mean in zip(arrays, means, strict=True)]
        return history * sum((gap**2).sum() for gap in gaps), [2 * history * gap for gap in gaps]

    def of_d(r, f, *arrays):
        value, slopes = pulled("discriminator", arrays)
        value += -np.log(sigmoid(r)).mean() - np.log(1 - sigmoid(f)).mean()
        return value, ((sigmoid(r) - 1) / N, sigmoid(f) / N, *slopes)

    def of_g(f, known, made, *arrays):
        (value, slopes), (apart, slope) = pulled("generator", arrays), matching(known, made)
        value += -np.log(sigmoid(f)).mean() + match * apart
        return value, ((sigmoid(f) - 1) / N, 0.0, match * slope, *slopes)

    rtol = 1e-6  # the past is kept in float32 here, as the weights were when the task was made
    own_d, own_g = players["discriminator"][0], players["generator"][0]
    assembled.check(task, task.discriminator_loss(real, fake)[0], [on_real, on_fake, *own_d], of_d, rtol)
    assembled.check(task, task.generator_loss(fake), [on_fake, f_real, f_fake, *own_g], of_g, rtol)


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_semi_supervised(assembled, name):
    """Section 5: -E log p(y given x, y ≤ K) - ½ E log D(x) - ½ E log(1 - D(G(z))), D = Z / (Z + 1); G matches f."""
    task, real, fake = assembled.build("semi-gan", name, labelled=6)
    task.discriminator.eval()  # without the noise between its layers
    task.images, task.real = task.images.double(), real
    rng = pydl.random.Generator(0)
    rng.set_state(task.rng.get_state())
    chosen = pydl.randint(0, 6, (N,), generator=rng)
    asked = np.eye(3)[task.labels.numpy()[chosen.numpy()]]
    outputs = [task.discriminator(part) for part in (task.images[chosen], real.data, fake.data)]

    def of_d(known, r, f):
        """With the scores of 3 classes; that of the fourth, generated, is 0."""
        (p, p_r, p_f), z = (np.exp(s) / np.exp(s).sum(1, keepdims=True) for s in (known, r, f)), np.exp
        d, made = ((z(s).sum(1, keepdims=True) / (z(s).sum(1, keepdims=True) + 1)) for s in (r, f))
        value = -(np.log(p) * asked).sum(1).mean() - np.log(d).mean() / 2 - np.log(1 - made).mean() / 2
        return value, ((p - asked) / N, -(1 - d) * p_r / 2 / N, made * p_f / 2 / N)

    assembled.check(task, task.discriminator_loss(real, fake)[0], outputs, of_d)
    features = [task.discriminator.features(part.data) for part in (real, fake)]

    def of_g(known, made):
        value, slope = matching(known, made)
        return value, (0.0, slope)

    assembled.check(task, task.generator_loss(fake), features, of_g)


def test_cyclegan(assembled):
    """Zhu et al., eq. 1 to 3 and section 5.2, with least squares: D_A and D_B on their domains, each domain there and
    back."""
    task, real, _ = assembled.build("cyclegan", "digits", cycle=7.0, identity=0.4, pool=0, blocks=1)
    a, b, G, F = real.a, real.b, task.generator.G, task.generator.F
    fake = task.generate(task.latent(real))
    made_b, made_a = G(a), F(b)
    D_A, D_B = task.discriminator.D_A, task.discriminator.D_B
    task.real = real

    def square(s, target, weight):
        return weight * ((s - target) ** 2).mean(), 2 * weight * (s - target) / s.size

    def size(x, wanted, weight):
        return weight * np.abs(x - wanted).mean(), weight * np.sign(x - wanted) / x.size

    def of_d(on_a, on_b, on_made_a, on_made_b):
        pairs = [square(on_a, 1, 0.5), square(on_b, 1, 0.5), square(on_made_a, 0, 0.5), square(on_made_b, 0, 0.5)]
        return sum(value for value, _ in pairs), [slope for _, slope in pairs]

    def of_g(on_made_a, on_made_b, again_a, again_b, same_a, same_b):
        left, right = a.numpy(), b.numpy()
        pairs = [square(on_made_a, 1, 1), square(on_made_b, 1, 1), size(again_a, left, 7), size(again_b, right, 7)]
        pairs += [size(same_a, left, 7 * 0.4), size(same_b, right, 7 * 0.4)]
        return sum(value for value, _ in pairs), [slope for _, slope in pairs]

    outputs = [D_A(a), D_B(b), D_A(made_a), D_B(made_b)]
    assembled.check(task, task.discriminator_loss(real, fake)[0], outputs, of_d)
    outputs = [D_A(made_a), D_B(made_b), F(made_b), G(made_a), F(a), G(b)]
    assembled.check(task, task.generator_loss(fake), outputs, of_g)


def test_spade(assembled):
    """Park et al.: hinge, and 7 times Σ over layers of E |f(x) - f(G(z))|, both beside the label map."""
    task, real, fake = assembled.build("spade", "digits", match=7.0, map_width=3)
    task.discriminator.eval()  # spectral normalisation goes on with every batch it trains on
    task.real = real
    maps = np.zeros((N, 4, 8, 8))
    bright = (real.data.numpy()[:, 0] + 1) / 2 > 0.5
    for i, label in enumerate(LABELS):
        maps[i, label], maps[i, 3] = bright[i], ~bright[i]
    seen = [task.discriminator(pydl.cat([part.data, pydl.tensor(maps)], 1)) for part in (real, fake)]

    def of_d(r, f):
        value = np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean()
        return value, ((r < 1) / -r.size, (f > -1) / f.size)

    def of_g(f, *layers):
        half = len(layers) // 2
        value = -f.mean() + 7 * sum(np.abs(m - k).mean() for k, m in zip(layers[:half], layers[half:], strict=True))
        up = [7 * np.sign(m - k) / m.size for k, m in zip(layers[:half], layers[half:], strict=True)]
        return value, (-1 / f.size, *[0.0] * half, *up)

    assembled.check(task, task.discriminator_loss(real, fake)[0], [seen[0][-1], seen[1][-1]], of_d)
    outputs = [seen[1][-1], *seen[0][:-1], *seen[1][:-1]]
    assembled.check(task, task.generator_loss(fake), outputs, of_g)


def test_stacked(assembled):
    """Huang et al., eq. 3 to 6, at both levels: adversarial, conditional (times 0.6) and entropy (times 3)."""
    task, real, _ = assembled.build("stacked-gan", conditional=0.6, entropy=3.0, features=5, encoder_steps=5, apart=0.0)
    task.encoder.double()
    fake = task.generate(task.latent(Samples(real.data.float(), real.given.float())).double())
    z1, z0 = (z.numpy() for z in fake.noise)
    D1, D0, asked = task.discriminator.D1, task.discriminator.D0, np.eye(3)[LABELS]
    known = task.encoder.features(real.data)
    (on, found), (above, found_above) = D0(fake.data), D1(fake.features)
    on_real, above_real = D0(real.data)[0], D1(known)[0]

    def log_d(*scores):
        """-E log D of each, and the slopes."""
        return -sum(np.log(sigmoid(s)).mean() for s in scores), [(sigmoid(s) - 1) / N for s in scores]

    def squares(weight, *pairs):
        slopes = [2 * weight * (x - y) / x.size for x, y in pairs]
        return weight * sum(((x - y) ** 2).mean() for x, y in pairs), slopes

    def of_d(r, r_above, f, f_above, q0, q1):
        (value, up), (made, down) = log_d(r, r_above), log_d(-f, -f_above)
        lost, slopes = squares(3, (q0, z0), (q1, z1))
        return value + made + lost, (*up, *[-slope for slope in down], *slopes)

    def of_g(f, f_above, q0, q1, scores, again, features):
        (value, up), (lost, slopes) = log_d(f, f_above), squares(3, (q0, z0), (q1, z1))
        p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        apart, (turn,) = squares(0.6, (again, features))
        value += lost + apart - 0.6 * (np.log(p) * asked).sum(1).mean()
        return value, (*up, *slopes, 0.6 * (p - asked) / N, turn, -turn)

    outputs = [on_real, above_real, on, above, found, found_above]
    assembled.check(task, task.discriminator_loss(real, fake)[0], outputs, of_d)
    outputs = [on, above, found, found_above]
    outputs += [task.encoder.head(fake.features), task.encoder.features(fake.data), fake.features]
    assembled.check(task, task.generator_loss(fake), outputs, of_g)
