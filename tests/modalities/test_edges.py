"""Edges lie where colors change, one pixel thin, and strokes are what is not the ground."""

import numpy as np

from unstir.modalities.edges import drawn, edges


def disc(inside, outside, side=64, radius=20):
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    return np.where(((y**2 + x**2) < radius**2)[..., None], inside, outside).astype(np.uint8)


def test_the_edge_of_a_disc_is_its_circle():
    found = edges(disc([200, 40, 40], [255, 255, 255]))
    y, x = np.nonzero(found)
    far = np.hypot(y - 31.5, x - 31.5)
    assert set(np.unique(found)) == {0, 1}
    assert abs(far - 20).max() < 1.5
    angles = np.unique(np.rint(np.degrees(np.arctan2(y - 31.5, x - 31.5)) / 10) % 36)
    assert len(angles) == 36  # all round
    assert len(y) < 1.3 * 2 * np.pi * 20  # and thin


def test_colors_of_one_brightness_have_an_edge():
    assert edges(disc([200, 60, 60], [60, 130, 60])).sum() > 80


def test_nothing_where_nothing_changes():
    assert not edges(np.full((32, 48, 3), 77, np.uint8)).any()
    slope = np.repeat(np.linspace(0, 255, 64)[None, :, None], 64, 0).repeat(3, 2)
    assert not edges(slope.astype(np.uint8)).any()


def test_weak_edges_count_where_they_hang_on_strong_ones():
    """A bar that fades: its edge goes on; the same faint step alone is none."""
    fade = np.linspace(255, 40, 64)[None, :] * (np.arange(64) > 31)[:, None]
    found = edges(np.repeat(fade[..., None], 3, 2).astype(np.uint8))
    faint = np.repeat((40.0 * (np.arange(64) > 31))[:, None, None], 64, 1).repeat(3, 2)
    assert found[:, 50].any()
    assert not edges(faint.astype(np.uint8)).any()
    assert edges(faint.astype(np.uint8), strong=0.07).any()


def test_strokes_of_a_drawing():
    dark = np.full((40, 40, 3), 250, np.uint8)
    dark[20, 5:35] = 20
    light = 255 - dark
    for picture in (dark, light):
        found = drawn(picture)
        assert found[20, 5:35].min() == 1
        assert found.sum() == 30
    assert not drawn(np.full((9, 9, 3), 200, np.uint8)).any()
