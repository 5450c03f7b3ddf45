"""A chart of what scripts/bench goals measured: a group a question, a bar a side, a mark for the goal. Plain SVG."""
from html import escape

WIDTH, LABEL, NUMBER = 880, 265, 90
BAR, GAP, GROUP = 18, 4, 40
OURS, THEIRS, MARK = "#b5446e", "#a9b2bd", "#2f6f4f"
STYLE = "text{font:13px sans-serif;fill:#333}.t{font-weight:bold}.s{fill:#666;font-size:12px}"


def text(x, y, words, **attributes):
    """One line of text."""
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x}" y="{y}"{more}>{escape(words)}</text>'


def rect(x, y, width, height, fill):
    """A bar, or a mark."""
    return f'<rect x="{x}" y="{y}" width="{max(1, width):.1f}" height="{height}" fill="{fill}"/>'


def group(top, title, bars, goal):
    """A question: its bars, the first is ours, and the rate that the goal asks of it. Its lines, and where it ends."""
    scale = (WIDTH - LABEL - NUMBER) / max([goal or 0, *(rate for _, rate in bars)])
    lines = [text(0, top + 14, title, **{"class": "t"})]
    y = top + 24
    for number, (label, rate) in enumerate(bars):
        end = rate * scale
        lines += [
            text(LABEL - 8, y + 13, label, text_anchor="end"),
            rect(LABEL, y, end, BAR, THEIRS if number else OURS),
        ]
        if goal and not number:
            lines.append(rect(LABEL + goal * scale, y - 3, 3, BAR + 6, MARK))
            if 0 < goal * scale - end < NUMBER:  # the number goes behind the mark
                end = goal * scale + 3
        lines.append(text(f"{LABEL + end + 6:.1f}", y + 13, f"{rate:,.0f}/s"))
        y += BAR + GAP
    return lines, y


def draw(title, note, groups):
    """The whole picture; groups are (title, [(label, rate)…], goal or None)."""
    lines, y = [text(0, 18, title, **{"class": "t"}), text(0, 38, note, **{"class": "s"})], 56
    for each in groups:
        more, y = group(y, *each)
        lines += more
        y += GROUP - 24
    lines.append(text(LABEL, y + 6, "requests a second, a scale a question; the mark is the goal", **{"class": "s"}))
    height = y + 20
    return (
        "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-16 -8 {WIDTH + 32} {height + 16}" '
                f'width="{WIDTH + 32}" role="img">',
                f"<title>{escape(title)}</title>",
                f"<style>{STYLE}</style>",
                f'<rect x="-16" y="-8" width="{WIDTH + 32}" height="{height + 16}" ' 'fill="#fff"/>',
                *lines,
                "</svg>",
            ]
        )
        + "\n"
    )
