"""What the pictures of the benches have in common: their frame, colours and strokes, as SVG."""

from collections.abc import Iterable

# Told apart by those who do not see red and green as well (Okabe and Ito, 2008).
BLACK, BLUE, VERMILION, GREEN = "#000000", "#0072b2", "#d55e00", "#009e73"
PURPLE, ORANGE, SKY, GREY = "#cc79a7", "#e69f00", "#56b4e9", "#999999"


def document(width: int, height: int, font_px: int, parts: Iterable[str]) -> str:
    """Return the whole file: the parts on white ground of width by height px."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = f'font-family="sans-serif" font-size="{font_px}"'
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    )
    return "\n".join([*opening, *parts, "</svg>"]) + "\n"


def stroke(colour: str, dash: str) -> str:
    """Return the attributes of a curve. dash: lengths in px, drawn and left out; "": drawn all."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{colour}" stroke-width="1.8"{dashes}'
