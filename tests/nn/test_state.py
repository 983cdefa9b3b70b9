"""state_dict and load_state_dict."""

import copy
from collections import OrderedDict

import numpy as np
import pytest

import pydl
from pydl import nn


def model():
    return nn.Sequential(OrderedDict(fc=nn.Linear(3, 2), bn=nn.BatchNorm1d(2), drop=nn.Dropout(0.5)))


def snapshot(module):
    return {name: t.numpy().copy() for name, t in module.state_dict().items()}


def test_keys_and_shapes_are_pytorchs():
    state = model().state_dict()
    assert {name: t.shape for name, t in state.items()} == {
        "fc.weight": (2, 3), "fc.bias": (2,), "bn.weight": (2,), "bn.bias": (2,), "bn.running_mean": (2,),
        "bn.running_var": (2,), "bn.num_batches_tracked": (),
    }  # fmt: skip
    assert state["bn.num_batches_tracked"].dtype == pydl.int64
    assert next(iter(model().state_dict(prefix="net."))) == "net.fc.weight"


def test_the_state_shares_memory_and_is_outside_the_graph():
    net = model()
    state = net.state_dict()
    assert not state["fc.weight"].requires_grad
    state["fc.weight"].fill_(7.0)
    assert (net.fc.weight.detach().numpy() == 7).all()
    assert net.state_dict(keep_vars=True)["fc.weight"] is net.fc.weight


def test_round_trip_through_tensors_and_arrays():
    source, target = model(), model()
    assert target.load_state_dict(source.state_dict()) == ([], [])
    for name, array in snapshot(source).items():
        np.testing.assert_array_equal(snapshot(target)[name], array)
    target = model()
    target.load_state_dict(snapshot(source))
    np.testing.assert_array_equal(snapshot(target)["fc.weight"], snapshot(source)["fc.weight"])


def test_one_error_lists_everything_and_changes_nothing():
    net = model()
    before = snapshot(net)
    state = {name: array * 0 for name, array in before.items()}
    del state["fc.bias"], state["bn.bias"]
    state["extra"] = np.zeros(1)
    state["fc.weight"] = np.zeros((3, 2), np.float32)
    state["bn.weight"] = np.zeros(2)
    state["bn.running_var"] = [1.0, 2.0]
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    assert str(caught.value) == (
        "[load_state_dict] expected the keys, shapes and dtypes of Sequential, got "
        "missing keys: 'fc.bias', 'bn.bias'; unexpected keys: 'extra'; not tensors: 'bn.running_var' (list); "
        "wrong shapes: 'fc.weight' expected (2, 3), got (3, 2); "
        "wrong dtypes: 'bn.weight' expected float32, got float64"
    )
    for name, array in snapshot(net).items():
        np.testing.assert_array_equal(array, before[name])


def test_without_strict_missing_and_unexpected_keys_are_returned():
    net = model()
    result = net.load_state_dict({"fc.weight": pydl.zeros(2, 3), "other": pydl.zeros(1)}, strict=False)
    assert result.missing_keys[0] == "fc.bias"
    assert result.unexpected_keys == ["other"]
    assert not net.fc.weight.detach().numpy().any()
    with pytest.raises(RuntimeError, match=r"wrong shapes: 'fc\.weight'"):
        net.load_state_dict({"fc.weight": pydl.zeros(2, 2)}, strict=False)


def test_loading_what_is_no_mapping_is_a_type_error():
    with pytest.raises(TypeError, match=r"\[load_state_dict\] expected state_dict as a mapping, got list"):
        model().load_state_dict([1])


def test_loading_between_forward_and_backward_is_noticed():
    net = nn.PReLU()
    x = pydl.ones(1, 3, requires_grad=True)
    y = net(x).sum()
    net.load_state_dict(copy.deepcopy(net.state_dict()))
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_a_read_only_source_and_a_tied_parameter():
    first, second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    second.weight = first.weight
    net = nn.Sequential(first, second)
    array = np.ones((2, 2), np.float32)
    array.flags.writeable = False
    net.load_state_dict({"0.weight": array, "1.weight": array})
    assert len(list(net.parameters())) == 1
    with pydl.no_grad():
        net[0].weight.zero_()
    assert array.all()
