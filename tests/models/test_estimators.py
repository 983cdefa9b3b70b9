"""scikit-learn's conventions, and bad input."""

import numpy as np
import pytest

import pydl
from pydl.models import (
    Adaline,
    Hebb,
    LinearRegression,
    LogisticRegression,
    MistakePerceptron,
    MLPClassifier,
    NotFittedError,
    OneVsRest,
    Perceptron,
    SoftmaxRegression,
)
from pydl.train.errors import DivergenceError

BINARY = [Perceptron(epochs=4), MistakePerceptron(max_updates=1000), Hebb(), Adaline(eta=1e-4), LogisticRegression()]
SEVERAL = [SoftmaxRegression(), OneVsRest(LogisticRegression()), MLPClassifier(epochs=30, eta=0.01, hidden=(20,))]
ALL = [*BINARY, *SEVERAL, LinearRegression()]


def name(model):
    return type(model).__name__


def rows(n=12):
    X = np.random.default_rng(0).normal(size=(n, 3))
    return X, (X[:, 0] > 0).astype(int)


@pytest.mark.filterwarnings("ignore")  # the checks warn on purpose
@pytest.mark.parametrize("model", ALL, ids=name)
def test_the_conventions_of_scikit_learn(model):
    """scikit-learn's own checks of an estimator, but one: y as a column is taken here without a warning."""
    pytest.importorskip("sklearn", minversion="1.6")
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    allowed = {"check_supervised_y_2d": "takes y as a column without a warning"}
    results = checks.check_estimator(model, expected_failed_checks=allowed, on_fail=None, on_skip=None)
    assert len(results) > 40
    assert [r["check_name"] for r in results if r["status"] == "failed"] == []


def test_cloning_validating_and_searching(blobs):
    pytest.importorskip("sklearn", minversion="1.6")
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = SoftmaxRegression(eta=0.02, epochs=20)
    assert clone(model).get_params() == model.get_params()
    assert cross_val_score(make_pipeline(StandardScaler(), model), *blobs, cv=3).min() > 0.8
    search = GridSearchCV(OneVsRest(LogisticRegression()), {"estimator__epochs": [1, 20]}, cv=3).fit(*blobs)
    assert search.best_score_ > 0.8


@pytest.mark.parametrize("model", ALL, ids=name)
def test_parameters_by_name(model):
    copy = model.clone()
    assert copy is not model
    assert repr(copy) == repr(model)
    assert set(vars(copy)) == set(model.get_params(deep=False))
    with pytest.raises(ValueError, match=r"set_params\] expected a parameter of .*, got 'nonsense'"):
        copy.set_params(nonsense=1)
    if "eta" in model.get_params():
        assert copy.set_params(eta=0.5).eta == 0.5
        assert model.eta != 0.5


def test_one_vs_rest_of_a_pipeline(blobs):
    """The steps of a pipeline are models in a list of its parameters: each class needs its own."""
    pytest.importorskip("sklearn", minversion="1.6")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inner = make_pipeline(StandardScaler(), LogisticRegression(eta=0.05))
    model = OneVsRest(inner).fit(*blobs)
    assert model.score(*blobs) > 0.95
    assert "n_features_in_" not in vars(inner[-1])
    assert model.clone().estimator[-1] is not inner[-1]


@pytest.mark.parametrize("estimator", [LogisticRegression, LinearRegression(), "logistic"])
def test_one_vs_rest_of_what_knows_no_classes(estimator):
    with pytest.raises(TypeError, match=r"\[OneVsRest.fit\] expected estimator as a model of two classes, got"):
        OneVsRest(estimator).fit(*rows())


def test_parameters_of_an_inner_model():
    model = OneVsRest(Adaline())
    assert model.set_params(estimator__eta=0.25).estimator.eta == 0.25
    assert model.get_params()["estimator__eta"] == 0.25
    twin = model.clone()
    assert twin.estimator is not model.estimator


@pytest.mark.parametrize("model", ALL, ids=name)
def test_not_fitted(model):
    with pytest.raises(NotFittedError, match=r"\.\w+\] expected a model after fit, got one that is not fitted"):
        model.clone().predict([[0.0, 1.0, 2.0]])


@pytest.mark.parametrize("model", ALL, ids=name)
def test_bad_rows(model):
    X, y = rows()
    fitted = model.clone().fit(X, y)
    with pytest.raises(ValueError, match="expected X of 3 features, got 2"):
        fitted.predict(X[:, :2])
    with pytest.raises(ValueError, match="expected X of shape"):
        fitted.predict(X[0])
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"expected X without NaN and inf, got NaN"):
        model.clone().fit(bad, y)
    bad[3, 1] = -np.inf
    with pytest.raises(ValueError, match="got infinity"):
        fitted.predict(bad)
    with pytest.raises(ValueError, match="expected X and y of the same length, got 12 and 11"):
        model.clone().fit(X, y[:-1])
    with pytest.raises(ValueError, match=r"\.score\] expected X and y of the same length, got 12 and 11"):
        fitted.score(X, y[:-1])
    with pytest.raises(ValueError, match="expected X with rows of one length"):
        model.clone().fit([[1, 2], [3]], [0, 1])
    with pytest.raises(ValueError, match="expected X of at least one row"):
        model.clone().fit(X[:0], y[:0])
    with pytest.raises(TypeError, match="expected X of numbers"):
        model.clone().fit(np.full((12, 3), "a"), y)


@pytest.mark.parametrize("model", [*BINARY, *SEVERAL], ids=name)
def test_bad_labels(model):
    X, _ = rows(4)
    for labels, text in [
        ([0, 1, 0.5, 1], "got fractions"),
        ([0, 1, np.nan, 1], "expected y without NaN"),
        ([0, 1, None, 1], "expected y of strings or integers, got NoneType, int"),
        (np.array([0, "a", 0, "a"], object), "expected y of strings or integers, got int, str"),
        ([1, 1, 1, 1], "expected y of at least two classes, got one class: 1"),
        (np.zeros((4, 2)), r"expected y of shape \(rows,\)"),
        (None, "got None"),
        ([1j, 0, 0, 0], "expected y of strings or integers, got complex128"),
    ]:
        with pytest.raises(ValueError, match=text):
            model.clone().fit(X, labels)


@pytest.mark.parametrize("model", BINARY, ids=name)
def test_more_than_two_classes(model, blobs):
    with pytest.raises(ValueError, match=rf"got 3; OneVsRest\({name(model)}\(\)\) learns more"):
        model.clone().fit(*blobs)


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True], [7, 9]])
@pytest.mark.parametrize("model", [*BINARY, *SEVERAL], ids=name)
def test_labels_of_any_kind(model, labels):
    X, y = rows(40)
    fitted = model.clone().fit(pydl.from_numpy(X), np.array(labels)[y])
    assert fitted.classes_.tolist() == labels
    assert set(fitted.predict(X)) <= set(labels)
    assert fitted.score(X, np.array(labels)[y]) > 0.75


@pytest.mark.parametrize("labels", [["no", np.str_("yes")], [False, True], [np.int64(7), 9]])
def test_labels_as_objects_keep_their_kind(labels):
    """As a column of a data frame holds them."""
    X, y = rows(40)
    fitted = SoftmaxRegression().fit(X, np.array([labels[i] for i in y], object))
    assert fitted.classes_.dtype == np.array(labels).dtype
    assert fitted.classes_.tolist() == labels


@pytest.mark.parametrize(
    ("params", "error", "text"),
    [
        ({"eta": -1.0}, ValueError, "expected eta to be a finite number >= 0, got -1"),
        ({"eta": "fast"}, TypeError, "expected eta to be a finite number >= 0, got str"),
        ({"eta": float("nan")}, ValueError, "expected eta"),
        ({"epochs": 0}, ValueError, "expected epochs to be an integer >= 1, got 0"),
        ({"epochs": 2.5}, TypeError, "expected epochs to be an integer >= 1, got float"),
        ({"mode": "bach"}, ValueError, "expected mode as one of .*online, sgd, batch, minibatch, got 'bach'"),
        ({"batch_size": 0}, ValueError, "expected batch_size"),
        ({"shuffle": "no"}, TypeError, "expected shuffle as True or False, got 'no'"),
        ({"random_state": -1}, ValueError, "expected random_state"),
        ({"random_state": "x"}, TypeError, "expected random_state"),
    ],
)
@pytest.mark.parametrize("model", [m for m in ALL if hasattr(m, "epochs")], ids=name)
def test_bad_parameters_are_named_by_fit(model, params, error, text):
    with pytest.raises(error, match=rf"\[{name(model)}.fit\] {text}"):
        model.clone().set_params(**params).fit(*rows())


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"hidden": (0,)}, "expected hidden"),
        ({"activation": "rely"}, "expected activation as one of relu, tanh, sigmoid, got 'rely'"),
        ({"optimizer": "lbfgs"}, "expected optimizer as one of adam, sgd"),
        ({"dropout": 1.5}, "expected dropout"),
        ({"dropout": 1.0}, r"expected dropout to be a number in \[0, 1\), got 1.0"),
        ({"validation": 0.0}, r"expected validation to be a number in \(0, 1\), got 0.0"),
        ({"validation": 1.0}, "expected validation"),
        ({"l1": -1.0}, "expected l1"),
        ({"patience": 0}, "expected patience"),
    ],
)
def test_bad_parameters_of_the_mlp(params, text):
    with pytest.raises(ValueError, match=rf"\[MLPClassifier.fit\] {text}"):
        MLPClassifier(**params).fit(*rows())


def test_a_cost_that_rose_is_told(fishers_iris):
    X, y = fishers_iris[0][:100], fishers_iris[1][:100]
    with pytest.warns(UserWarning, match=r"\[Adaline\.fit\] expected a cost that falls, got .* a smaller eta") as told:
        model = Adaline().fit(X, y)
    assert told[0].filename == __file__
    assert 1e9 < model.cost_[-1] < np.inf
    for converging in (Adaline(eta=1e-4), Adaline(mode="closed"), LogisticRegression()):
        converging.fit(X, y)  # a warning would be an error


def test_divergence_names_the_epoch_and_a_remedy():
    X, y = rows(100)
    with pytest.raises(
        DivergenceError, match=r"\[Adaline.fit\] expected a finite cost, .* in epoch \d+; try a smaller"
    ):
        Adaline(eta=10.0, epochs=1000).fit(X, y)


@pytest.mark.parametrize("mode", ["online", "sgd", "batch", "minibatch"])
def test_what_the_rows_of_an_epoch_are(mode):
    model = Adaline(mode=mode, batch_size=5)
    batches = [np.arange(12)[r] for r in model._rows(12, model._generator())]
    assert [len(b) for b in batches] == {"batch": [12], "minibatch": [5, 5, 2]}.get(mode, [1] * 12)
    seen = np.concatenate(batches)
    if mode == "sgd":
        assert len(set(seen)) < 12
    else:
        assert sorted(seen) == list(range(12))
    if mode in ("online", "minibatch"):
        assert list(seen) != sorted(seen)
        model.shuffle = False
        assert list(np.concatenate(list(model._rows(12, model._generator())))) == list(range(12))


def test_the_callback_sees_every_epoch():
    seen = []
    model = Adaline(epochs=4, eta=1e-3).fit(*rows(), callback=lambda m: seen.append((m.cost_[-1], *m.w_)))
    assert [s[0] for s in seen] == model.cost_
    assert seen[-1][1:] == tuple(model.w_)
    assert seen[0] != seen[1]


ROWS, NAMES = np.array([[0.0, 0], [0, 1], [5, 5], [6, 5]]), np.array(["cat", "cat", "dog", "dog"])


def test_a_fit_that_fails_leaves_the_model_as_it_was():
    model = LogisticRegression(eta=0.1).fit(ROWS, NAMES)
    before = model.predict_proba(ROWS)
    with pytest.raises(ValueError, match="init"):
        model.fit(ROWS[:, :1], np.array(["x", "x", "y", "y"]), init=(np.zeros(3), 0))
    np.testing.assert_array_equal(model.predict_proba(ROWS), before)
    np.testing.assert_array_equal(model.predict(ROWS), NAMES)
    for fresh, options in ((Adaline(eta=1e3), {}), (Perceptron(), {"init": (np.zeros(3), 0)})):
        with pytest.raises((ValueError, DivergenceError)):
            fresh.fit(ROWS, NAMES, **options)
        with pytest.raises(NotFittedError):
            fresh.predict(ROWS)


def test_a_second_fit_forgets_the_first():
    X, y = np.tile(ROWS, (10, 1)), np.tile(NAMES, 10)
    model = MLPClassifier(early_stopping=True, epochs=3).fit(X, y)
    assert hasattr(model, "best_epoch_")
    assert not hasattr(model.set_params(early_stopping=False).fit(X, y), "best_epoch_")


def test_parameters_of_a_model_are_set_after_it_and_all_or_none():
    model = OneVsRest(Perceptron()).set_params(estimator__hidden=(3,), estimator=MLPClassifier())
    assert model.estimator.hidden == (3,)
    for wrong in ({"eta": 0.9, "foo": 1}, {"eta": 0.9, "epochs__foo": 1}):
        single = Perceptron(eta=0.2)
        with pytest.raises(ValueError, match="invalid parameter"):
            single.set_params(**wrong)
        assert single.eta == 0.2
