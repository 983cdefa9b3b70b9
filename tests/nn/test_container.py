"""Sequential, ModuleList, ModuleDict, ParameterList."""

from collections import OrderedDict

import pytest

import pydl
from pydl import nn


def acts():
    return [nn.ReLU(), nn.Tanh(), nn.Sigmoid()]


def test_sequential_indexes_slices_and_changes():
    relu, tanh, sigmoid = acts()
    net = nn.Sequential(relu, tanh, sigmoid)
    assert len(net) == 3
    assert net[-1] is sigmoid
    assert list(net[1:]) == [tanh, sigmoid]
    assert [n for n, _ in net[1:].named_children()] == ["1", "2"]
    net[1] = nn.Identity()
    assert isinstance(net[1], nn.Identity)
    net.append(tanh).insert(0, nn.ELU())
    assert [type(m).__name__ for m in net] == ["ELU", "ReLU", "Identity", "Sigmoid", "Tanh"]
    del net[0]
    assert net.pop(-1) is tanh
    assert [n for n, _ in net.named_children()] == ["0", "1", "2"]
    net.extend([tanh])
    assert net[3] is tanh


def test_sequential_of_names():
    net = nn.Sequential(OrderedDict(act=nn.ReLU(), out=nn.Tanh()))
    assert net.act is net[0]
    assert [n for n, _ in net[1:].named_children()] == ["out"]
    del net[0]
    assert [n for n, _ in net.named_children()] == ["out"]
    assert net(pydl.zeros(2)).tolist() == [0, 0]


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_bad_indices_and_members(kind):
    net = kind(*([nn.ReLU()] if kind is nn.Sequential else [[nn.ReLU()]]))
    with pytest.raises(IndexError, match="expected an index within 1 modules, got 1"):
        net[1]
    with pytest.raises(TypeError, match="expected an integer or a slice, got str"):
        net["0"]
    with pytest.raises(TypeError, match=r"\[add_module\] expected module as a Module or None, got int"):
        net.append(3)
    assert len(net) == 1


def test_a_sequence_has_no_gaps():
    text = r"\[Sequential\] expected module '{}' to be a Module, got None"
    for make in (lambda: nn.Sequential(nn.ReLU(), None), lambda: nn.Sequential(nn.ReLU()).append(None)):
        with pytest.raises(TypeError, match=text.format(1)):
            make()
    with pytest.raises(TypeError, match=text.format("out")):
        nn.Sequential({"act": nn.ReLU(), "out": None})
    assert list(nn.ModuleList([None])) == [None]


def test_module_list_registers_and_joins():
    layers = nn.ModuleList([nn.PReLU() for _ in range(2)])
    layers += [nn.PReLU()]
    assert [n for n, _ in layers.named_parameters()] == ["0.weight", "1.weight", "2.weight"]
    assert len(layers + nn.ModuleList([nn.ReLU()])) == 4
    assert len(layers[:2]) == 2
    assert repr(layers) == "ModuleList(\n  (0-2): 3 x PReLU(num_parameters=1)\n)"


def test_module_dict():
    heads = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    heads["c"] = nn.PReLU()
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"]
    assert "a" in heads
    assert isinstance(heads["b"], nn.Tanh)
    assert [n for n, _ in heads.named_parameters()] == ["c.weight"]
    heads.pop("a")
    del heads["b"]
    assert len(heads) == 1
    heads.update([("d", nn.ReLU())])
    assert list(dict(heads.items())) == ["c", "d"]


def test_parameter_list():
    weights = nn.ParameterList([pydl.ones(2), nn.Parameter(pydl.zeros(3))])
    weights.append(pydl.ones(1))
    assert [n for n, _ in weights.named_parameters()] == ["0", "1", "2"]
    assert [w.shape for w in weights] == [(2,), (3,), (1,)]
    assert weights[-1].requires_grad
    assert len(weights[:2]) == 2
