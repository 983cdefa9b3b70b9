"""Pictures of samples."""

import numpy as np
import pytest

from pydl import gan


def test_grid_of_grey_images():
    images = np.stack([np.full((1, 2, 3), value) for value in (0.0, 0.5, 1.0)])
    picture = gan.image_grid(images, columns=2, gap=1)
    assert picture.dtype == np.uint8
    assert picture.shape == (7, 9)
    assert (picture[1:3, 1:4] == 0).all()
    assert (picture[1:3, 5:8] == 128).all()
    assert (picture[4:6, 1:4] == 255).all()
    assert (picture[4:6, 5:8] == picture[0, 0]).all()  # no fourth image


def test_grid_of_colour_images_enlarged():
    images = np.zeros((1, 3, 2, 2))
    images[0, 2] = 1
    picture = gan.image_grid(images, gap=0, scale=3)
    assert picture.shape == (6, 6, 3)
    assert (picture == (0, 0, 255)).all()


def test_numbers_outside_the_range():
    images = np.array([-1.0, 2.0, np.nan, 1.0]).reshape(1, 1, 2, 2)
    assert gan.image_grid(images, gap=0).tolist() == [[0, 255], [0, 255]]


def test_map_of_points_leaves_out_those_outside():
    points = np.array([[0.1, 0.1], [0.1, 0.1], [0.9, 0.9], [5.0, 0.0], [np.nan, 0.0]])
    picture = gan.point_map(points, np.zeros(2), np.ones(2), size=2)
    assert picture[1, 0] == 255  # low left, where two points lie
    assert 0 < picture[0, 1] < 255
    assert picture[0, 0] == picture[1, 1] == 0


@pytest.mark.parametrize("shape", [(0, 1, 2, 2), (1, 2, 2, 2), (2, 2)])
def test_shapes_that_are_no_images(shape):
    with pytest.raises(ValueError, match=r"\[image_grid\] expected images"):
        gan.image_grid(np.zeros(shape))
