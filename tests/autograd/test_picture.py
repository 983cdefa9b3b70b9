"""The computational graph drawn, with values and gradients at each node."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

import pydl
from pydl import autograd
from pydl.autograd.layout import Layout
from pydl.autograd.trace import boxes_and_arrows


def number(value):
    return pydl.tensor(value, dtype=pydl.float64, requires_grad=True)


def relu_of_wx_plus_b():
    """The lecture's example at x = 3: ∂a/∂b = ∂v/∂b ∂a/∂v = 1, ∂a/∂w = ∂u/∂w ∂v/∂u ∂a/∂v = 3."""
    w, x, b = number(2.0), pydl.tensor(3.0, dtype=pydl.float64), number(1.0)
    with autograd.Trace() as trace:
        u = w * x
        v = u + b
        a = pydl.relu(v)
    return a, trace, {"w": w, "x": x, "b": b, "u": u, "v": v, "a": a}


def test_the_lecture_example():
    a, trace, names = relu_of_wx_plus_b()
    boxes, arrows = boxes_and_arrows(a, trace, names)
    named = {box.name: box for box in boxes.values()}
    assert {n: float(box.value) for n, box in named.items()} == {"w": 2, "x": 3, "u": 6, "b": 1, "v": 7, "a": 7}
    gradients = {n: float(box.gradient) for n, box in named.items() if n != "x"}
    assert gradients == {"b": 1, "w": 3, "u": 1, "v": 1, "a": 1}
    assert named["x"].gradient is None
    derivatives = {(boxes[r.source].name, boxes[r.target].name): r.derivative for r in arrows}
    assert derivatives == {("w", "u"): 3, ("x", "u"): None, ("u", "v"): 1, ("b", "v"): 1, ("v", "a"): 1}
    a.backward()
    assert [names["b"].grad.item(), names["w"].grad.item()] == [1, 3]


def test_dot_says_it_all():
    dot = autograd.graph_dot(*relu_of_wx_plus_b())
    assert dot.startswith("digraph {")
    assert r'[label="w\nvalue 2\ngradient 3"]' in dot
    assert r'[label="u = mul\nvalue 6\ngradient 1"]' in dot
    assert dot.count(" -> ") == 5
    assert dot.count("{") == dot.count("}")


def test_svg_is_well_formed_and_boxes_do_not_touch():
    root = ET.fromstring(autograd.graph_svg(*relu_of_wx_plus_b()))
    texts = [e.text for e in root.iter() if e.tag.endswith("}text")]
    for line in ("u = mul", "value 6", "gradient 3", "a = relu"):
        assert line in texts
    boxes = [e for e in root.iter() if e.tag.endswith("}rect") and "x" in e.attrib]
    assert len(boxes) == 6
    spans = [[float(e.get(k)) for k in ("x", "y", "width", "height")] for e in boxes]
    for i, (x, y, w, h) in enumerate(spans):
        assert 0 <= x <= x + w <= float(root.get("width"))
        assert 0 <= y <= y + h <= float(root.get("height"))
        for x2, y2, w2, h2 in spans[:i]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_each_gradient_is_the_sum_over_its_arrows():
    x, y = number(0.7), number(-1.3)
    with autograd.Trace() as trace:
        u = x * y
        output = (u.exp() + x.sin() * u) / (y * y + 1.0)
    boxes, arrows = boxes_and_arrows(output, trace)
    inner = [key for key, box in boxes.items() if box.gradient is not None and box.operation != "div"]
    assert len(inner) >= 8
    for key in inner:
        total = sum(r.derivative * float(boxes[r.target].gradient) for r in arrows if r.source == key)
        assert total == pytest.approx(float(boxes[key].gradient), rel=1e-14)


def test_arrays_show_shape_and_length_and_nothing_is_changed():
    w = pydl.rand(3, 4, requires_grad=True)
    loss = (pydl.rand(5, 4) @ w.t()).square().sum()
    dot = autograd.graph_dot(loss, names={'w <&> "quoted"': w})
    assert "value 3 × 4, length" in dot
    assert r"w <&> \"quoted\"" in dot
    ET.fromstring(autograd.graph_svg(loss, names={"w <&>": w}))
    assert w.grad is None
    loss.backward()
    assert w.grad is not None
    with pytest.raises(RuntimeError, match="earlier backward has freed"):
        autograd.graph_dot(loss)


def test_values_are_those_of_the_moment():
    x, c = number([1.0, 2.0]), pydl.tensor([3.0, 4.0], dtype=pydl.float64)
    with autograd.Trace() as trace:
        y = x * c
        y.add_(1.0)
        z = (y * y).sum()
    boxes, _ = boxes_and_arrows(z, trace, {"c": c})
    values = [(box.operation or box.name, np.ravel(box.value).tolist()) for box in boxes.values()]
    assert ("mul", [3, 8]) in values
    assert ("add", [4, 9]) in values
    assert ("c", [3, 4]) in values


def test_without_a_trace_what_backward_keeps_is_shown():
    w, b = number(2.0), number(1.0)
    a = pydl.relu(w * 3.0 + b)
    boxes, _ = boxes_and_arrows(a, names={"w": w})
    assert [float(box.value) for box in boxes.values() if box.name == "w" or box.operation == "relu"] == [2, 7]


def test_a_trace_ends_with_its_block():
    w = number(2.0)
    with autograd.Trace() as trace:
        w * 3.0
        with autograd.Trace() as inner:
            w * 4.0
    w * 5.0
    assert len(trace.values) == len(inner.values) == 1


def test_writing_files(tmp_path):
    a, trace, names = relu_of_wx_plus_b()
    for suffix, start in ((".svg", "<svg"), (".dot", "digraph")):
        autograd.draw_graph(a, tmp_path / f"graph{suffix}", trace, names)
        assert (tmp_path / f"graph{suffix}").read_text(encoding="utf-8").startswith(start)
    with pytest.raises(ValueError, match=r"\[draw_graph\] expected path with the suffix .svg or .dot"):
        autograd.draw_graph(a, tmp_path / "graph.png")
    with pytest.raises(RuntimeError, match=r"\[draw_graph\] expected an output that requires grad"):
        autograd.draw_graph(pydl.ones(2), tmp_path / "graph.svg")
    with pytest.raises(TypeError, match=r"\[draw_graph\] expected names of tensors, got int for 'w'"):
        autograd.graph_dot(a, names={"w": 3})
    with pytest.raises(TypeError, match=r"\[draw_graph\] expected trace as a Trace, got dict; names go by names="):
        autograd.draw_graph(a, tmp_path / "graph.svg", {"a": a})
    with pytest.raises(TypeError, match=r"\[draw_graph\] expected names as a dict of tensors, got list"):
        autograd.draw_graph(a, tmp_path / "graph.svg", names=[a])
    with pytest.raises(TypeError, match=r"\[draw_graph\] expected output as a tensor, got float"):
        autograd.graph_dot(1.0)


def test_long_graphs_and_unused_outputs():
    x = pydl.rand(6, requires_grad=True)
    first, _ = x.split(3)
    y = first
    for _ in range(3000):
        y = y + 1.0
    assert autograd.graph_dot(y.sum()).count(" -> ") >= 3001


def test_layout_goes_round_boxes():
    """An arrow over two columns runs through a place of its own in the column between."""
    layout = Layout({"a": (20, 10), "b": (20, 10), "c": (20, 10)}, [("a", "b"), ("b", "c"), ("a", "c")])
    assert [len(route) for route in layout.routes] == [2, 2, 3]
    _, (_, y), _ = layout.routes[2]
    top = layout.places["b"][1]
    assert not top <= y <= top + 10


def test_mlp_backpropagation_by_hand():
    """L = ½ Σ (y - o)², one hidden layer h, linear output: the lecture's four formulas are what autograd finds.

    ∂L/∂w_kj = -(y_k - o_k) a_j, ∂L/∂b_k = -(y_k - o_k), ∂L/∂w_ji = -h′(z_j) [Σ_k (y_k - o_k) w_kj] x_i and
    ∂L/∂b_j the same without x_i.
    """
    rng = np.random.default_rng(0)
    for h, slope in ((pydl.tanh, lambda a: 1 - a**2), (pydl.sigmoid, lambda a: a * (1 - a)), (pydl.relu, np.sign)):
        x, y = rng.normal(size=4), rng.normal(size=2)
        w1, b1, w2, b2 = (
            pydl.tensor(rng.normal(size=s), dtype=pydl.float64, requires_grad=True) for s in ((3, 4), 3, (2, 3), 2)
        )
        a = h(w1 @ pydl.from_numpy(x) + b1)
        o = w2 @ a + b2
        (0.5 * (pydl.from_numpy(y) - o).square().sum()).backward()
        a, error = a.detach().numpy(), y - o.detach().numpy()
        back = slope(a) * (error @ w2.detach().numpy())
        for found, by_hand in (
            (w2, -np.outer(error, a)),
            (b2, -error),
            (w1, -np.outer(back, x)),
            (b1, -back),
        ):
            np.testing.assert_allclose(found.grad.numpy(), by_hand, rtol=1e-14, atol=1e-15)
