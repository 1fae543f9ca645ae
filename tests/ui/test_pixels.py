"""Pictures in cells, pixel for pixel."""

import pytest

from regtui.preview import Picture
from regtui.ui.text import plain
from regtui.ui.widgets.pixels import half_blocks, ink, scaled


def gray(*rows: list[int]) -> Picture:
    pixels = bytes(value for row in rows for value in row)
    return Picture(width=len(rows[0]), height=len(rows), channels=1, pixels=pixels)


def test_a_cell_has_the_upper_pixel_in_front_and_the_lower_one_behind() -> None:
    picture = gray([0, 255], [16, 255], [1, 2])
    assert half_blocks(picture) == [
        (("▀", "#000000 on #101010"), ("▀", "#ffffff on #ffffff")),
        (("▀", "#010101"), ("▀", "#020202")),
    ]


def test_colours_are_kept_and_equal_neighbours_share_a_fragment() -> None:
    picture = Picture(width=2, height=2, channels=3, pixels=bytes([255, 0, 0] * 2 + [0, 0, 128] * 2))
    assert half_blocks(picture) == [(("▀▀", "#ff0000 on #000080"),)]


def test_ink_is_light_on_a_dark_ground_and_dark_on_a_light_one() -> None:
    picture = gray([0, 128, 255], [0, 128, 255], [255, 0, 0])
    assert [plain(line) for line in ink(picture, dark=True)] == [" +@", "@  "]
    assert [plain(line) for line in ink(picture, dark=False)] == ["@= ", " @@"]


def test_scaling_down_takes_means_keeps_the_proportions_and_never_enlarges() -> None:
    picture = gray([0, 100, 10, 10], [200, 100, 10, 10])
    assert scaled(picture, 2, 2) == gray([100, 10])
    assert scaled(picture, 40, 40) is picture
    thirds = scaled(gray([0, 90, 90], [0, 90, 90], [0, 90, 90]), 2, 2)
    assert thirds == gray([30, 90], [30, 90])
    with pytest.raises(ValueError, match="0 x 2 pixels"):
        scaled(picture, 0, 2)
