"""Texts can be read on the ground of their theme, on a projector too."""

from __future__ import annotations

import pytest
from textual.color import Color

from regtui.ui.shades import DARK, LIGHT, Shades


@pytest.mark.parametrize("shades", [DARK, LIGHT], ids=["dark", "light"])
def test_texts_stand_out_from_their_ground(shades: Shades) -> None:
    def contrast(name: str) -> float:
        """The ratio of WCAG 2.2, 1.4.3: 4.5 is asked for texts, 3 for large ones and for lines."""
        bright, dim = sorted(
            (_luminance(getattr(shades, name)), _luminance(shades.background)), reverse=True
        )  # fmt: skip
        return (bright + 0.05) / (dim + 0.05)

    for name in ("primary", "accent", "success", "warning", "error", "foreground", "text_muted"):
        assert contrast(name) >= 4.5, name
    assert contrast("faint") >= 3.5


def _luminance(color: str) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in Color.parse(color).normalized
    ]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))
