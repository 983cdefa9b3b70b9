"""Every layer: its text beside PyTorch's, and the arguments it refuses."""

import re

import numpy as np
import pytest

import pydl
from pydl import nn

LAYERS = """
nn.Linear(3, 4); nn.Linear(3, 4, bias=False); nn.Identity(3, a=4)
nn.Conv2d(2, 4, 3); nn.Conv2d(2, 4, (3, 2), 2, padding=1, dilation=(1, 2), groups=2, bias=False)
nn.Conv2d(2, 4, 3, padding="same"); nn.Conv1d(2, 4, 3, stride=2, padding=1)
nn.Conv2d(2, 4, 3, padding=(1, 2), padding_mode="reflect")
nn.ConvTranspose2d(4, 2, 3); nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2)
nn.MaxPool2d(2); nn.MaxPool2d((3, 2), stride=1, padding=1, dilation=2, ceil_mode=True)
nn.AvgPool2d(3, 2, 1); nn.AdaptiveAvgPool2d((None, 3)); nn.AdaptiveAvgPool2d(1)
nn.BatchNorm1d(3); nn.BatchNorm2d(3, eps=1e-3, momentum=None, affine=False, track_running_stats=False)
nn.LayerNorm(3); nn.LayerNorm((2, 3), elementwise_affine=False); nn.GroupNorm(2, 4); nn.InstanceNorm2d(3, affine=True)
nn.LocalResponseNorm(5, k=2.0)
nn.Dropout(0.2); nn.Dropout2d(inplace=True); nn.Embedding(5, 3); nn.Embedding(5, 3, padding_idx=-1)
nn.ReLU(); nn.ReLU(True); nn.ReLU6(); nn.LeakyReLU(0.2, True); nn.ELU(1.5); nn.SELU(); nn.SiLU(inplace=True); nn.Mish()
nn.Hardswish(); nn.Hardsigmoid(); nn.Hardtanh(-2, 2); nn.Sigmoid(); nn.Tanh(); nn.Softsign(); nn.Tanhshrink()
nn.LogSigmoid(); nn.Softplus(); nn.GELU(); nn.GELU("tanh"); nn.GLU(1); nn.PReLU(3); nn.Softmax(dim=1); nn.LogSoftmax(-1)
nn.Flatten(); nn.Flatten(0, 1); nn.Unflatten(1, (2, 3)); nn.Upsample(scale_factor=2); nn.Upsample(size=(4, 5))
nn.PixelShuffle(2); nn.PixelUnshuffle(2); nn.ZeroPad2d(1); nn.ReflectionPad2d((1, 2, 3, 4)); nn.ReplicationPad2d(1)
nn.ConstantPad2d(1, 2.5); nn.Upsample(scale_factor=(2, 3), mode="bilinear", align_corners=True)
nn.UpsamplingNearest2d(scale_factor=2); nn.UpsamplingBilinear2d((3, 4)); nn.MaxUnpool2d(2); nn.MaxUnpool2d((2, 3), 2, 1)
nn.CELU(); nn.CELU(0.5, True); nn.Softmin(1); nn.Softmax2d(); nn.CircularPad2d((1, 0, 2, 1)); nn.CosineSimilarity()
nn.PairwiseDistance(1.0); nn.ModuleList(); nn.AdaptiveMaxPool2d((None, 3)); nn.AdaptiveMaxPool2d(1, return_indices=True)
nn.MSELoss(); nn.L1Loss(); nn.SmoothL1Loss(beta=2); nn.HuberLoss(); nn.BCELoss(); nn.BCEWithLogitsLoss()
nn.CrossEntropyLoss(); nn.NLLLoss(); nn.KLDivLoss(reduction="batchmean")
nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh())); nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])
nn.ModuleDict({"a": nn.ReLU()})
"""
EXPRESSIONS = [text.strip() for line in LAYERS.splitlines() for text in line.split(";") if text.strip()]


def without_bias(text):
    """Older versions of PyTorch do not show whether a normalisation has a bias."""
    return re.sub(r"(affine=\w+), bias=\w+", r"\1", text)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_text_and_state_are_pytorchs(expression):
    torch = pytest.importorskip("torch")
    ours, theirs = (eval(expression, {"nn": library}) for library in (nn, torch.nn))
    assert without_bias(repr(ours)) == without_bias(repr(theirs))
    assert {k: (tuple(v.shape), str(v.dtype)) for k, v in ours.state_dict().items()} == {
        k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in theirs.state_dict().items()
    }


@pytest.mark.parametrize(
    ("build", "error", "text"),
    [
        ("nn.Linear(0, 2)", ValueError, r"\[Linear\] expected in_features to be an integer >= 1, got 0"),
        ("nn.Linear(2, 2.0)", TypeError, r"\[Linear\] expected out_features to be an integer >= 1, got float"),
        ("nn.Linear(True, 2)", TypeError, "in_features to be an integer >= 1, got bool"),
        ("nn.Conv2d(3, 4, 0)", ValueError, r"\[Conv2d\] expected kernel_size to be an integer >= 1, got 0"),
        ("nn.Conv2d(3, 4, (1, 2, 3))", ValueError, r"kernel_size to be an integer or 2 of them, got \(1, 2, 3\)"),
        ("nn.Conv2d(3, 4, 3, stride='2')", TypeError, "expected stride to be an integer >= 1, got str"),
        ("nn.Conv2d(3, 4, 3, padding=-1)", ValueError, "expected padding to be an integer >= 0, got -1"),
        ("nn.Conv2d(3, 4, 2**40)", ValueError, "kernel_size"),
        ("nn.Conv2d(3, 4, 3, groups=2)", ValueError, r"in_channels divisible by the number of groups, got 3 and 2"),
        ("nn.Conv2d(3, 4, 3, groups=0)", ValueError, "expected groups to be an integer >= 1, got 0"),
        ("nn.Conv2d(3, 4, 3, 2, padding='same')", ValueError, r'expected stride 1 for padding "same", got \(2, 2\)'),
        ("nn.Conv2d(3, 4, 3, padding='full')", ValueError, "got 'full'"),
        ("nn.Conv2d(3, 4, 3, padding_mode='mirror')", ValueError, 'expected padding_mode .* "circular", got .mirror'),
        ("nn.ConvTranspose2d(3, 4, 3, padding_mode='reflect')", ValueError, 'one of "zeros", got .reflect'),
        ("nn.ConvTranspose2d(3, 4, 3, 2, output_padding=2)", ValueError, r"output_padding < max\(stride, dilation\)"),
        ("nn.MaxPool2d(0)", ValueError, r"\[MaxPool2d\] expected kernel_size"),
        ("nn.AvgPool2d(2, 0)", ValueError, r"\[AvgPool2d\] expected stride"),
        ("nn.AdaptiveAvgPool2d(0)", ValueError, r"\[AdaptiveAvgPool2d\] expected output_size"),
        ("nn.BatchNorm2d(-1)", ValueError, r"\[BatchNorm2d\] expected num_features"),
        ("nn.BatchNorm2d(3, momentum=2)", ValueError, r"\[BatchNorm2d\] expected momentum to be .* \[0, 1\], got 2"),
        ("nn.BatchNorm2d(3, eps=-1)", ValueError, r"expected eps to be a number >= 0, got -1"),
        ("nn.GroupNorm(3, 4)", ValueError, "num_channels divisible by the number of groups, got 4 and 3"),
        ("nn.LayerNorm(())", ValueError, "normalized_shape"),
        ("nn.Dropout(1.5)", ValueError, r"\[Dropout\] expected p to be a number in \[0, 1\], got 1.5"),
        ("nn.Dropout(float('nan'))", ValueError, r"expected p to be a number in \[0, 1\], got nan"),
        ("nn.Dropout('a')", TypeError, r"expected p to be a number in \[0, 1\], got str"),
        ("nn.LeakyReLU('a')", TypeError, "negative_slope to be a number"),
        ("nn.Hardtanh(1, 1)", ValueError, "expected min_val < max_val, got 1 and 1"),
        ("nn.Softplus(0)", ValueError, "expected beta > 0, got 0"),
        ("nn.GELU('erf')", ValueError, "got 'erf'"),
        ("nn.Embedding(3, 2, padding_idx=3)", ValueError, "expected padding_idx < 3, got 3"),
        ("nn.Embedding(3, 2, sparse=True)", ValueError, "expected no max_norm, scale_grad_by_freq or sparse"),
        ("nn.Upsample(scale_factor='a')", TypeError, r"\[Upsample\] expected scale_factor to be a number, got str"),
        ("nn.Upsample(scale_factor=(2, None))", TypeError, "expected scale_factor to be a number, got NoneType"),
        ("nn.PReLU(1, 'a')", TypeError, r"\[PReLU\] expected init to be a number, got str"),
        ("nn.Upsample(scale_factor=2, mode='cubic')", ValueError, r"\[Upsample\] expected mode .* got 'cubic'"),
        ("nn.Upsample(scale_factor=2, align_corners=False)", ValueError, "'?nearest.* without align_corners"),
        ("nn.AdaptiveMaxPool2d((1, 2, 3))", ValueError, r"\[AdaptiveMaxPool2d\] expected output_size"),
        ("nn.MaxUnpool2d(0)", ValueError, r"\[MaxUnpool2d\] expected kernel_size"),
        ("nn.PixelShuffle(0)", ValueError, "upscale_factor"),
        ("nn.Unflatten(1, 3)", TypeError, "unflattened_size as a tuple of integers, got int"),
        ("nn.ReflectionPad2d(-1)", ValueError, "padding to be an integer >= 0"),
        ("nn.MSELoss(reduction='avg')", ValueError, r"\[MSELoss\] expected reduction .* got 'avg'"),
        ("nn.MSELoss(size_average=True)", ValueError, "expected reduction=… in place of size_average"),
        ("nn.CrossEntropyLoss(weight=[1.0])", TypeError, "expected weight as a tensor, got list"),
        ("nn.CrossEntropyLoss(label_smoothing=2)", ValueError, "label_smoothing"),
        ("nn.NLLLoss(ignore_index=1.0)", TypeError, "ignore_index"),
    ],
)  # fmt: skip
def test_bad_arguments_name_function_argument_expected_and_got(build, error, text):
    with pytest.raises(error, match=text):
        eval(build, {"nn": nn})


@pytest.mark.parametrize(
    ("layer", "shape"), [("nn.BatchNorm2d(3)", (2, 3)), ("nn.BatchNorm1d(3)", (2, 3, 4, 4)),
                         ("nn.InstanceNorm2d(3)", (2, 3)), ("nn.InstanceNorm2d(3)", (2, 4, 5, 5))],
)  # fmt: skip
def test_norms_name_the_shape_they_expect(layer, shape):
    with pytest.raises(ValueError, match=r"expected .* got"):
        eval(layer, {"nn": nn})(pydl.ones(*shape))


def test_an_activation_works_when_subclassed():
    class Mine(nn.ReLU):
        pass

    assert Mine()(pydl.tensor([-1.0, 1.0])).tolist() == [0, 1]


def test_in_place_activation_becomes_the_input():
    x = pydl.tensor([-1.0, 2.0], requires_grad=True)
    y = x * 3
    assert nn.ReLU(inplace=True)(y) is y
    assert y.tolist() == [0, 6]
    y.sum().backward()
    assert x.grad.tolist() == [0, 3]
    with pytest.raises(RuntimeError, match="leaf that does"):
        nn.ReLU(inplace=True)(x)
    array = np.array([-1.0, 1.0])
    nn.Hardtanh(-0.5, 0.5, inplace=True)(pydl.from_numpy(array))
    assert array.tolist() == [-0.5, 0.5]


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        ("nn.InstanceNorm2d(2)", (2, 2, 3, 3)),
        ("nn.InstanceNorm2d(2, track_running_stats=True)", (2, 2, 3, 3)),
        ("nn.GroupNorm(1, 2, affine=False)", (2, 2, 3, 3)),
        ("nn.LayerNorm(3, elementwise_affine=False)", (2, 2, 3)),
        ("nn.Conv1d(2, 2, 2, dtype='float64')", (2, 2, 3)),
        ("nn.AdaptiveMaxPool2d(2)", (2, 2, 3, 3)),
        ("lambda x: nn.MaxUnpool2d(1)(x * 2, x.new_tensor([[[0, 1], [2, 3]]], dtype='int64'))", (1, 2, 2)),
        ("lambda x: nn.functional.interpolate(x, size=2, mode='area')", (2, 2, 3)),
        ("lambda x: x @ x[0, 0]", (2, 3, 3)),
        ("lambda x: x.logsumexp(1)", (2, 3)),
        ("lambda x: x.max(1)[0]", (2, 3)),
        ("lambda w: nn.functional.embedding(__import__('pydl').tensor([[0, 1]]), w)", (2, 3)),
    ],
)
def test_results_may_be_changed_in_place(call, shape):
    array = np.random.default_rng(0).standard_normal(shape)
    layer, gradients = eval(call, {"nn": nn}), []
    for inplace in (False, True):
        x = pydl.tensor(array, requires_grad=True)
        y = layer(x)
        if inplace:
            y += 0.5
            nn.LeakyReLU(0.1, inplace=True)(y)
        else:
            y = nn.LeakyReLU(0.1)(y + 0.5)
        (y * y).sum().backward()
        gradients.append(x.grad.numpy())
    np.testing.assert_array_equal(gradients[0], gradients[1])


def test_in_place_activation_of_a_retained_tensor_is_noticed():
    x = pydl.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    z = y * y
    nn.ReLU(inplace=True)(y)
    with pytest.raises(RuntimeError, match="changed in place"):
        z.sum().backward()


def test_embedding_reads_rows_and_checks_indices():
    layer = nn.Embedding(4, 2, padding_idx=1)
    out = layer(pydl.tensor([[0, 1], [1, 3]]))
    assert out.shape == (2, 2, 2)
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0], [1, 1]]
    with pytest.raises(IndexError, match=r"\[embedding\] expected indices in 0 … 3, got 4 at position \(1,\)"):
        layer(pydl.tensor([0, 4]))
    with pytest.raises(IndexError, match="got -1 at position"):
        layer(pydl.tensor([-1]))
    with pytest.raises(TypeError, match="expected input as a tensor of integers, got float32"):
        layer(pydl.ones(2))
    frozen = nn.Embedding.from_pretrained(pydl.ones(3, 2))
    assert not frozen.weight.requires_grad


def test_sample_norms_of_single_values_and_empty_batches():
    assert nn.LayerNorm(1)(pydl.full((2, 1), 3.0)).tolist() == [[0], [0]]
    assert nn.GroupNorm(2, 2)(pydl.ones(3, 2)).tolist() == [[0, 0]] * 3
    assert nn.LayerNorm(4)(pydl.ones(0, 4)).shape == (0, 4)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    "options", ["3, 1, 1", "(3, 5), 2, (1, 2)", "4, 1, 'same'", "3, 1, 'valid'", "(2, 3), 1, 'same', 2"]
)
def test_convolutions_pad_as_pytorch_does(options, mode):
    torch = pytest.importorskip("torch")
    text = f"nn.Conv2d(2, 3, {options}, padding_mode='{mode}', dtype=torch.float64)"
    ours, theirs = (eval(text, {"nn": library.nn, "torch": library}) for library in (pydl, torch))
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((2, 2, 8, 9))
    a, b = pydl.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    got, expected = ours(a), theirs(b)
    np.testing.assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=1e-11, atol=1e-12)
    (got * got).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(ours.weight.grad.numpy(), theirs.weight.grad.numpy(), rtol=1e-11, atol=1e-12)


def test_pooling_and_its_way_back():
    pool, back = nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)
    x = pydl.tensor([[[1.0, 2.0, 0.0, 0.0], [3.0, 4.0, 0.0, 5.0]]])
    values, indices = pool(x)
    assert back(values, indices).tolist() == [[[0, 0, 0, 0], [0, 4, 0, 5]]]
    assert back(values, indices, output_size=(1, 3, 4)).shape == (1, 3, 4)


def test_a_convolution_is_a_cross_correlation_and_adds_a_bias():
    """y_j = b + Σᵢ w_i x_{j + i}: the taps in their order, where a convolution of the books turns them round."""
    rng = np.random.default_rng(0)
    signal, taps = rng.normal(size=9), rng.normal(size=4)
    layer = nn.Conv1d(1, 1, 4).double()
    layer.weight.data.copy_(pydl.tensor(taps.reshape(1, 1, 4)))
    layer.bias.data.fill_(0.5)
    got = layer(pydl.tensor(signal.reshape(1, 1, 9))).detach().numpy().reshape(-1)
    np.testing.assert_allclose(got, np.correlate(signal, taps, "valid") + 0.5, rtol=1e-12)
    assert np.abs(got - np.convolve(signal, taps, "valid") - 0.5).max() > 0.1
    image, kernel = rng.normal(size=(5, 6)), np.zeros((3, 3))
    kernel[0, 2] = 1.0  # the tap above and to the right
    moved = pydl.nn.functional.conv2d(pydl.tensor(image[None, None]), pydl.tensor(kernel[None, None]))
    assert np.array_equal(moved.numpy()[0, 0], image[:3, 2:])


def test_a_colour_image_through_maps_flattened_to_scores():
    """A map adds up the responses to the channels x(:, :, c), each with its own kernel; the rows of all maps follow."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 3, 5, 4))
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 3 * 2, 4)).double()
    conv, _, linear = network
    w, b = conv.weight.detach().numpy(), conv.bias.detach().numpy()
    maps = np.zeros((2, 2, 3, 2))
    for n, o, i, j in np.ndindex(*maps.shape):
        maps[n, o, i, j] = b[o] + sum((w[o, c] * x[n, c, i : i + 3, j : j + 3]).sum() for c in range(3))
    np.testing.assert_allclose(conv(pydl.tensor(x)).detach().numpy(), maps, rtol=1e-10, atol=1e-12)
    rows = [[m for plane in image for line in plane for m in line] for image in maps]
    scores = rows @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()
    np.testing.assert_allclose(network(pydl.tensor(x)).detach().numpy(), scores, rtol=1e-10, atol=1e-12)
