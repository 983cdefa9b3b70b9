"""Models written for PyTorch, run with PyTorch and, after a change of imports, with pydl: the same numbers."""

import re

import numpy as np
import pytest

import pydl

torch = pytest.importorskip("torch")

IMPORTS = {
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nimport torch.optim as optim\n",
    "pydl": "import pydl as torch\nimport pydl.nn as nn\nimport pydl.nn.functional as F\nimport pydl.optim as optim\n",
}

MLP = """
class MLP(nn.Module):
    def __init__(self, sizes=(12, 16, 8, 4)):
        super().__init__()
        layers = []
        for n, m in zip(sizes[:-1], sizes[1:]):
            layers += [nn.Linear(n, m), nn.LayerNorm(m), nn.GELU()]
        self.body = nn.Sequential(*layers[:-2])
        self.temperature = nn.Parameter(torch.ones(1))

    def forward(self, x):
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.body(x) * torch.exp(self.temperature), dim=1)

def build():
    return MLP()

def loss(model, x, y):
    return F.nll_loss(model(x), y) + 1e-3 * sum(p.pow(2).sum() for p in model.parameters())

shape, classes = (5, 3, 2, 2), 4
"""

LENET = """
class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.pool = nn.AvgPool2d(2, stride=2)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.fc1 = nn.Linear(16 * 2 * 2, 20)
        self.fc2 = nn.Linear(20, 10)

    def forward(self, x):
        x = self.pool(torch.tanh(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc2(torch.sigmoid(self.fc1(x)))

build = LeNet
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

def loss(model, x, y):
    return criterion(model(x), y)

shape, classes = (3, 1, 16, 16), 10
"""

VGG = """
cfg = [4, "M", 8, 8, "M"]

class VGG(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        layers, channels = [], 3
        for v in cfg:
            if v == "M":
                layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            else:
                layers += [nn.Conv2d(channels, v, 3, padding=1), nn.BatchNorm2d(v), nn.ReLU(inplace=True)]
                channels = v
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(
            nn.Linear(8 * 4, 16), nn.ReLU(True), nn.Dropout(p=0.0), nn.Linear(16, classes)
        )
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
                if m.bias is not None:
                    nn.init.constant_(m.bias, 0)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))

build = VGG

def loss(model, x, y):
    return nn.CrossEntropyLoss()(model(x), y)

shape, classes = (4, 3, 8, 8), 5
"""

RESNET = """
class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes, momentum=None)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes * self.expansion:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return self.relu(out)

class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_planes = 4
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = self._make_layer(4, 1, 1)
        self.layer2 = self._make_layer(8, 2, 2)
        self.linear = nn.Linear(8, 6)

    def _make_layer(self, planes, blocks, stride):
        layers = []
        for s in [stride] + [1] * (blocks - 1):
            layers.append(BasicBlock(self.in_planes, planes, s))
            self.in_planes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.layer2(self.layer1(out))
        out = F.avg_pool2d(out, out.size()[3])
        return self.linear(out.view(out.size(0), -1))

build = ResNet

def loss(model, x, y):
    return F.cross_entropy(model(x), y, reduction="sum")

shape, classes = (4, 3, 8, 8), 6
"""

DCGAN = """
nz, ngf, ndf, nc = 6, 4, 4, 3

def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)

class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False),
            nn.BatchNorm2d(ngf * 2),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ngf),
            nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False),
            nn.Tanh(),
        )

    def forward(self, input):
        return self.main(input)

class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(ndf * 2),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, input):
        return self.main(input).view(-1, 1).squeeze(1)

class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.netG, self.netD = Generator(), Discriminator()
        self.apply(weights_init)

    def forward(self, z):
        return self.netD(self.netG(z))

build = Pair
criterion = nn.BCELoss()

def loss(model, x, y):
    fake = model.netG(x)
    label = torch.full((x.size(0),), 1.0, dtype=x.dtype)
    errG = criterion(model.netD(fake), label)
    errD = criterion(model.netD(fake.detach()), torch.zeros_like(label))
    return errG + errD

shape, classes = (4, 6, 1, 1), 2
"""

AUTOENCODER = """
class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2, padding=1),
            nn.ELU(),
            nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(6 * 3 * 3, 5),
        )
        self.decoder = nn.Sequential(
            nn.Linear(5, 54),
            nn.Unflatten(1, (6, 3, 3)),
            nn.ConvTranspose2d(6, 4, 3, stride=2, padding=1, groups=2),
            nn.InstanceNorm2d(4, affine=True),
            nn.LeakyReLU(0.1),
            nn.ConvTranspose2d(4, 4, 3, 2, 1, 1),
            nn.GroupNorm(2, 4),
            nn.Upsample(scale_factor=2),
            nn.ReflectionPad2d(1),
            nn.Conv2d(4, 1, 3, stride=2, dilation=2),
        )

    def forward(self, x):
        z = self.encoder(x)
        return self.decoder(z), z

build = AutoEncoder

def loss(model, x, y):
    out, z = model(x)
    target = F.interpolate(x.detach(), size=tuple(out.shape[2:]))
    return F.mse_loss(out, target) + F.smooth_l1_loss(z, torch.zeros_like(z)) + nn.L1Loss()(z, z.detach() * 0.5)

shape, classes = (3, 1, 9, 9), 2
"""

BRANCHES = """
class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 6, padding_idx=0)
        self.blocks = nn.ModuleList([nn.Conv1d(6, 6, k, padding="same") for k in (1, 3, 5)])
        self.heads = nn.ModuleDict({"mean": nn.Linear(6, 3), "gate": nn.Linear(6, 3)})
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in range(3)])
        self.register_buffer("steps", torch.zeros(1))
        self.act = {"prelu": nn.PReLU(6)}
        self.prelu = self.act["prelu"]
        self.seen = []
        self.blocks[1].register_forward_hook(lambda module, args, output: output * 2)
        self.heads["mean"].register_full_backward_hook(
            lambda module, grad_input, grad_output: self.seen.append(grad_output[0].shape)
        )
        self.apply(self.weights_init)

    @staticmethod
    def weights_init(m):
        if isinstance(m, nn.Linear):
            nn.init.xavier_uniform_(m.weight, gain=nn.init.calculate_gain("tanh"))
            m.bias.data.fill_(0.01)

    def forward(self, x):
        tokens = (x.detach().abs() * 3).long().clamp(0, 6)
        h = self.embed(tokens).transpose(1, 2) + x.unsqueeze(1)
        h = torch.cat([b(h) * s for b, s in zip(self.blocks, self.scales)], dim=0)
        h = self.prelu(h).mean(dim=-1)
        mean, gate = self.heads["mean"](h), torch.sigmoid(self.heads["gate"](h))
        self.steps += 1
        mixed = torch.stack([mean, gate], dim=1).permute(0, 2, 1).contiguous()
        weights = F.softmax(mixed, dim=-1)
        normal = F.normalize(mean, dim=1) @ torch.ones(3, 1, dtype=x.dtype)
        return (weights * mixed).sum(dim=-1) + torch.where(gate > 0.5, mean, gate) + normal

build = Branches

def loss(model, x, y):
    out = model(x)
    out, shift = out[: x.size(0)], out[x.size(0) :]
    target = F.one_hot(y, num_classes=3).to(out.dtype)
    bce = F.binary_cross_entropy_with_logits(out, target, pos_weight=torch.tensor([1.0, 2.0, 3.0], dtype=x.dtype))
    return bce + shift.std(unbiased=False) + shift.max(dim=1)[0].clamp(min=-1).mean() - shift.norm()

shape, classes = (4, 6), 3
"""

CYCLEGAN = """
class ResidualBlock(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.block = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(features, features, 3),
            nn.InstanceNorm2d(features),
            nn.ReLU(inplace=True),
            nn.Conv2d(features, features, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(features, track_running_stats=True),
        )

    def forward(self, x):
        return x + self.block(x)

class Generator(nn.Module):
    def __init__(self, channels=2, blocks=2):
        super().__init__()
        model = [nn.ReflectionPad2d(channels), nn.Conv2d(channels, 4, 2 * channels + 1), nn.ReLU(inplace=True)]
        model += [nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.InstanceNorm2d(6), nn.ReLU(inplace=True)]
        for _ in range(blocks):
            model += [ResidualBlock(6)]
        model += [nn.Upsample(scale_factor=2), nn.Conv2d(6, 4, 3, stride=1, padding=1), nn.ReLU(inplace=True)]
        model += [nn.Upsample(size=(10, 9), mode="bilinear", align_corners=True)]
        model += [nn.Conv2d(4, channels, 3, 1, "same", padding_mode="replicate"), nn.Tanh()]
        self.model = nn.Sequential(*model)

    def forward(self, x):
        return self.model(x)

class PatchDiscriminator(nn.Module):
    def __init__(self, channels=2):
        super().__init__()

        def discriminator_block(in_filters, out_filters, normalize=True):
            layers = [nn.Conv2d(in_filters, out_filters, 4, stride=2, padding=1)]
            if normalize:
                layers.append(nn.InstanceNorm2d(out_filters))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers

        self.model = nn.Sequential(
            *discriminator_block(channels, 4, normalize=False),
            *discriminator_block(4, 6),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.Conv2d(6, 1, 4, padding=1),
        )

    def forward(self, img):
        return self.model(img)

class CycleGAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.G_AB, self.D_B = Generator(), PatchDiscriminator()

    def forward(self, x):
        return self.D_B(self.G_AB(x))

build = CycleGAN
criterion_GAN, criterion_cycle = nn.MSELoss(), nn.L1Loss()

def loss(model, x, y):
    fake = model.G_AB(x)
    score = model.D_B(fake)
    valid = torch.ones(score.shape, dtype=x.dtype, requires_grad=False)
    return criterion_GAN(score, valid) + 10.0 * criterion_cycle(F.interpolate(fake, size=x.size()[2:]), x)

shape, classes = (2, 2, 8, 8), 2
"""

SEGNET = """
class SegNet(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.enc1 = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.CELU())
        self.enc2 = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"), nn.PReLU())
        self.pool, self.unpool = nn.MaxPool2d(2, stride=2, return_indices=True), nn.MaxUnpool2d(2, stride=2)
        self.dec2, self.dec1 = nn.Conv2d(6, 4, 3, padding=1), nn.Conv2d(4, classes, 1)
        self.context = nn.AdaptiveMaxPool2d((1, 3))

    def forward(self, x):
        x = self.enc1(x)
        size1 = x.size()
        x, idx1 = self.pool(x)
        x = self.enc2(x)
        size2 = x.shape
        x, idx2 = F.max_pool2d(x, 2, stride=2, return_indices=True)
        context = self.context(x).mean(dim=(2, 3), keepdim=True)
        x = self.unpool(x + context, idx2, output_size=size2)
        x = F.max_unpool2d(F.relu_(self.dec2(x)), idx1, 2, 2, output_size=size1)
        return torch.permute(self.dec1(x), dims=(0, 2, 3, 1))

build = SegNet

def loss(model, x, y):
    scores = model(x)
    labels = y.view(-1, 1, 1).expand(-1, scores.size(1), scores.size(2))
    nll = nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 0.5], dtype=x.dtype), ignore_index=2)
    return nll(scores.log_softmax(dim=-1).permute(0, 3, 1, 2).contiguous(), labels)

shape, classes = (4, 2, 9, 7), 3
"""

WGAN_GP = """
class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("centre", torch.full((6,), 0.5))
        self.model = nn.Sequential(
            nn.Linear(6, 8), nn.BatchNorm1d(8, 0.8), nn.LeakyReLU(0.2, inplace=True), nn.Dropout(0.0),
            nn.Linear(8, 8), nn.LayerNorm(8), nn.Softplus(), nn.Linear(8, 1),
        )
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            nn.init.orthogonal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(self, x):
        return self.model(x - self.centre)

def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = torch.linspace(0.1, 0.9, real_samples.size(0), dtype=real_samples.dtype).view(-1, 1)
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = torch.ones(real_samples.shape[0], 1, dtype=real_samples.dtype, requires_grad=False)
    gradients = torch.autograd.grad(
        outputs=d_interpolates, inputs=interpolates, grad_outputs=fake, create_graph=True, retain_graph=True
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()

build = Critic

def loss(model, x, y):
    fake = x.detach().flip(0) * 0.5
    penalty = compute_gradient_penalty(model, x.detach(), fake)
    return -torch.mean(model(x)) + torch.mean(model(fake)) + 10 * penalty

shape, classes = (5, 6), 2
"""

SOURCES = {
    "mlp": MLP, "lenet": LENET, "vgg": VGG, "resnet": RESNET, "dcgan": DCGAN, "autoencoder": AUTOENCODER,
    "branches": BRANCHES, "cyclegan": CYCLEGAN, "segnet": SEGNET, "wgan_gp": WGAN_GP,
}  # fmt: skip
models = pytest.mark.parametrize("name", SOURCES)


def run_source(name, library):
    space = {}
    exec(IMPORTS[library] + SOURCES[name], space)
    return space


def pair(name):
    """The namespaces of both libraries and their models, in float64 with the same state."""
    theirs, ours = run_source(name, "torch"), run_source(name, "pydl")
    torch.manual_seed(1)
    reference, model = theirs["build"]().double(), ours["build"]().double()
    state = {k: v.numpy().copy() for k, v in reference.state_dict().items()}
    assert list(model.state_dict()) == list(state)
    model.load_state_dict(state)
    return theirs, reference, ours, model


def data(space):
    rng = np.random.default_rng(3)
    x = rng.standard_normal(space["shape"])
    return x, rng.integers(0, space["classes"], x.shape[0])


def close(got, expected):
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-10)


def same_state(model, reference):
    for (name, got), (other, expected) in zip(model.state_dict().items(), reference.state_dict().items(), strict=True):
        assert name == other
        close(got, expected)


@models
def test_outputs_gradients_and_buffers_are_the_same(name):
    theirs, reference, ours, model = pair(name)
    x, y = data(theirs)
    a, b = torch.tensor(x, requires_grad=True), pydl.tensor(x, requires_grad=True)
    expected = theirs["loss"](reference, a, torch.tensor(y))
    got = ours["loss"](model, b, pydl.tensor(y))
    close(got, expected)
    expected.backward()
    got.backward()
    close(b.grad, a.grad)
    for (_, p), (name_, q) in zip(model.named_parameters(), reference.named_parameters(), strict=True):
        assert p.grad is not None, name_
        close(p.grad, q.grad)
    same_state(model, reference)
    for output, wanted in zip(as_tuple(model.eval()(b)), as_tuple(reference.eval()(a)), strict=True):
        close(output, wanted)


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


@models
@pytest.mark.parametrize("optimizer", ["optim.SGD(p, lr=0.05, momentum=0.9)", "optim.Adam(p, lr=1e-2)"])
def test_training_steps_are_the_same(name, optimizer):
    theirs, reference, ours, model = pair(name)
    x, y = data(theirs)
    for space, net, array in ((theirs, reference, torch.tensor), (ours, model, pydl.tensor)):
        step = eval(optimizer, {"optim": space["optim"], "p": net.parameters()})
        for _ in range(3):
            step.zero_grad()
            space["loss"](net, array(x), array(y)).backward()
            step.step()
    for got, expected in zip(model.state_dict().values(), reference.state_dict().values(), strict=True):
        np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "branches"])  # ParameterList's text is ours
def test_text_is_the_same(name):
    _, reference, _, model = pair(name)
    texts = [re.sub(r"(affine=\w+), bias=\w+", r"\1", repr(m)) for m in (model, reference)]
    assert texts[0] == texts[1]
