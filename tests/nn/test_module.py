"""Module: registration, walks, conversion, hooks, text."""

import copy

import numpy as np
import pytest

import pydl
from pydl import nn


class Scale(nn.Module):
    """y = x · weight + shift, with a buffer that is saved and one that is not."""

    def __init__(self, size=3):
        super().__init__()
        self.weight = nn.Parameter(pydl.full((size,), 2.0))
        self.register_parameter("bias", None)
        self.register_buffer("shift", pydl.ones(size))
        self.register_buffer("cache", pydl.zeros(1), persistent=False)
        self.size = size

    def forward(self, x):
        return x * self.weight + self.shift


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Scale()
        self.layers = nn.Sequential(Scale(), nn.ReLU())
        self.tied = self.first

    def forward(self, x):
        return self.layers(self.first(x))


def test_names_of_parameters_buffers_and_modules():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["first.weight", "layers.0.weight"]
    assert [n for n, _ in net.named_parameters(remove_duplicate=False)] == [
        "first.weight", "layers.0.weight", "tied.weight"
    ]  # fmt: skip
    assert [n for n, _ in net.named_buffers()] == ["first.shift", "first.cache", "layers.0.shift", "layers.0.cache"]
    assert [n for n, _ in net.named_modules()] == ["", "first", "layers", "layers.0", "layers.1"]
    assert [n for n, _ in net.named_children()] == ["first", "layers"]
    assert [n for n, _ in net.first.named_parameters(prefix="a")] == ["a.weight"]
    assert list(net.parameters(recurse=False)) == []
    assert net.get_submodule("layers.0") is net.layers[0]
    assert net.get_parameter("first.weight") is net.first.weight
    with pytest.raises(AttributeError, match=r"\[get_submodule\] expected the name of a submodule, got 'layers.9'"):
        net.get_submodule("layers.9")


def test_attributes_move_between_kinds_and_can_be_deleted():
    module = nn.Module()
    module.x = 1
    module.x = nn.Parameter(pydl.ones(2))
    assert "x" not in module.__dict__
    assert [n for n, _ in module.named_parameters()] == ["x"]
    module.x = nn.ReLU()
    assert list(module.parameters()) == []
    assert isinstance(module.x, nn.ReLU)
    assert "x" in dir(module)
    del module.x
    assert not hasattr(module, "x")
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'x'"):
        module.x  # noqa: B018


def test_a_name_of_the_class_cannot_be_taken_and_the_module_is_unchanged():
    module = Scale()
    with pytest.raises(KeyError, match="expected a name that the class does not use, got 'forward'"):
        module.forward = nn.ReLU()
    with pytest.raises(KeyError, match="expected a name that is free, got 'size'"):
        module.register_buffer("size", pydl.ones(1))
    with pytest.raises(KeyError, match="no dot"):
        module.add_module("a.b", nn.ReLU())
    assert list(module.state_dict()) == ["weight", "shift"]


@pytest.mark.parametrize("value", [3, np.ones(3), pydl.ones(3)])
def test_a_parameter_is_replaced_by_a_parameter_or_none_alone(value):
    module = Scale()
    with pytest.raises(TypeError, match=r"\[Scale\] expected weight as a Parameter or None, got"):
        module.weight = value
    module.weight = None
    assert "weight" not in module.state_dict()


def test_assignment_before_init_names_what_is_missing():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.ReLU()

    with pytest.raises(AttributeError, match=r"\[Forgetful\] expected super\(\).__init__\(\) at the start"):
        Forgetful()

    class Silent(nn.Module):
        def __init__(self):
            pass

    with pytest.raises(AttributeError, match=r"\[Silent\] expected super\(\).__init__\(\)"):
        Silent()(1)
    with pytest.raises(NotImplementedError, match=r"\[Module\] expected a class with a method forward"):
        nn.Module()(1)


@pytest.mark.parametrize("value", [3.0, [1.0], None, np.ones(2)])
def test_parameter_of_something_else_is_a_type_error(value):
    if value is None:
        assert nn.Parameter().shape == (0,)
        return
    with pytest.raises(TypeError, match=r"\[Parameter\] expected data as a tensor, got"):
        nn.Parameter(value)


def test_parameter_shares_memory_and_requires_grad():
    data = pydl.ones(2)
    weight = nn.Parameter(data)
    assert weight.requires_grad
    assert weight.is_leaf
    data.fill_(3.0)
    assert weight.detach().tolist() == [3, 3]
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    assert nn.Parameter(pydl.arange(3), requires_grad=False).dtype == pydl.int64
    assert repr(nn.Parameter(pydl.ones(1))).startswith("Parameter containing:\ntensor(")


def test_train_and_eval_reach_everything():
    net = Net().eval()
    assert not any(m.training for m in net.modules())
    assert net.train() is net
    assert all(m.training for m in net.modules())
    with pytest.raises(TypeError, match=r"\[train\] expected mode as True or False, got int"):
        net.train(1)


def test_apply_goes_from_children_to_parents():
    seen = []
    net = Net()
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Scale", "Scale", "ReLU", "Sequential", "Net"]


def test_conversion_keeps_parameters_and_converts_their_gradients():
    net = Net()
    before = list(net.parameters())
    net(pydl.ones(3)).sum().backward()
    assert net.double() is net
    assert all(a is b for a, b in zip(net.parameters(), before, strict=True))
    assert {p.dtype for p in net.parameters()} == {pydl.float64}
    assert {p.grad.dtype for p in net.parameters()} == {pydl.float64}
    assert net.first.shift.dtype == pydl.float64
    assert net.tied.shift is net.first.shift
    assert net(pydl.ones(3, dtype="float64")).dtype == pydl.float64
    assert net.float().to(pydl.ones(1, dtype="float64")).first.weight.dtype == pydl.float64
    with pytest.raises(TypeError, match=r"\[to\] expected dtype float32 or float64 for a module, got int64"):
        net.to(pydl.int64)
    with pytest.raises(ValueError, match=r'\[device\] expected "cpu", "cuda"'):
        net.to(device="tpu")


def test_zero_grad_and_requires_grad():
    net = Net()
    net(pydl.ones(3)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.first.weight.grad.tolist() == [0, 0, 0]
    net.zero_grad()
    assert net.first.weight.grad is None
    net.requires_grad_(False)
    assert not net(pydl.ones(3)).requires_grad


def test_deepcopy_is_independent_and_keeps_ties():
    net = Net()
    twin = copy.deepcopy(net)
    assert isinstance(twin.first.weight, nn.Parameter)
    assert twin.tied is twin.first
    with pydl.no_grad():
        twin.first.weight.fill_(0.0)
    assert net.first.weight.detach().tolist() == [2, 2, 2]
    twin(pydl.ones(3)).sum().backward()
    assert net.first.weight.grad is None


def test_forward_hooks_see_and_replace():
    module, log = Scale(), []
    first = module.register_forward_pre_hook(lambda m, args: log.append("pre") or (args[0] * 2,))
    second = module.register_forward_hook(lambda m, args, y: log.append(args[0].tolist()) or y + 1)
    assert module(pydl.ones(3)).tolist() == [6, 6, 6]
    assert log == ["pre", [2, 2, 2]]
    first.remove()
    second.remove()
    second.remove()
    assert module(pydl.ones(3)).tolist() == [3, 3, 3]


def test_hooks_with_keywords_and_prepended():
    module, order = Scale(), []
    module.register_forward_hook(lambda m, a, y: order.append("last"))
    module.register_forward_hook(lambda m, a, k, y: order.append(sorted(k)), with_kwargs=True, prepend=True)
    module.register_forward_pre_hook(lambda m, a, k: (a, {"x": k["x"] * 0}), with_kwargs=True)
    assert module(x=pydl.ones(3)).tolist() == [1, 1, 1]
    assert order == [["x"], "last"]
    with pytest.raises(TypeError, match="expected hook as a function, got int"):
        module.register_forward_hook(3)


def test_full_backward_hook_sees_and_replaces_gradients():
    module, seen = Scale(), []
    x = pydl.ones(3, requires_grad=True)

    def hook(m, grad_input, grad_output):
        seen.append((grad_input[0].tolist(), grad_output[0].tolist()))
        return (grad_input[0] * 10,)

    handle = module.register_full_backward_hook(hook)
    (module(x) * 3).sum().backward()
    assert seen == [([6, 6, 6], [3, 3, 3])]
    assert x.grad.tolist() == [60, 60, 60]
    assert module.weight.grad.tolist() == [3, 3, 3]
    handle.remove()
    module(x).sum().backward()
    assert len(seen) == 1


def test_full_backward_hook_without_an_input_that_requires_grad():
    module, seen = Scale(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    module(pydl.ones(3)).sum().backward()
    assert seen == [((None,), [1, 1, 1])]
    with pydl.no_grad():
        module(pydl.ones(3))
    assert len(seen) == 1


def test_an_exception_in_a_hook_leaves_the_module_usable():
    module = Scale()

    def broken(*_):
        raise ZeroDivisionError("hook")

    handle = module.register_full_backward_hook(broken)
    with pytest.raises(ZeroDivisionError, match="hook"):
        module(pydl.ones(3)).sum().backward()
    handle.remove()
    module(pydl.ones(3)).sum().backward()
    assert module.weight.grad.tolist() == [1, 1, 1]
