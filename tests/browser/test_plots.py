"""What a person sees of the figures: drawn without a fault, nothing cut, words as words.

Pages are files, and whatever else a page asks for is refused and told.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from plotly import io as pio
from plotly.offline import get_plotlyjs

import scrapeq as sq
from scrapeq.display import plain
from scrapeq.plots import labels, theme
from scrapeq.plots.batches import NAME_LIMIT
from tests import plot_frames as make
from tests.contrast import TEXT, contrast, from_css

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
#: For each figure its size and every text in it that is to be seen, with where it is.
TEXTS = """
() => [...document.querySelectorAll('.js-plotly-plot')].map(figure => {
  const frame = figure.getBoundingClientRect();
  const paper = getComputedStyle(figure.querySelector('.main-svg')).backgroundColor;
  const texts = [...figure.querySelectorAll('.main-svg text')]
    .filter(text => text.textContent.trim())
    .map(text => { const box = text.getBoundingClientRect();
                   return { words: text.textContent, fill: getComputedStyle(text).fill, left: box.left - frame.left,
                            right: box.right - frame.left, top: box.top - frame.top,
                            bottom: box.bottom - frame.top } });
  return { width: frame.width, height: frame.height, paper, texts } })
"""
#: Spreads the letters of all figures until the alphabet is this wide in pixels at a size of 12: a
#: little wider than in Verdana, the widest font that is common. Plotly measures what it then sees.
WIDE_PX = 270
WIDEN = """
<script>{
  const words = document.createElement('span');
  words.textContent = 'abcdefghijklmnopqrstuvwxyz 0123456789';
  words.style = "position:absolute;white-space:pre;font:12px FONT";
  document.body.append(words);
  const missing_px = WIDE_PX - words.getBoundingClientRect().width;
  const sheet = document.createElement('style');
  sheet.textContent =
    `svg text { letter-spacing: ${Math.max(0, missing_px / words.textContent.length)}px }`;
  document.head.append(sheet);
  words.remove();
}</script>
""".replace("WIDE_PX", str(WIDE_PX)).replace("FONT", theme.TEMPLATE.layout.font.family)
_JOBS, _FAILED = [400, 900, 0, 700, 1200, 800] * 4, [40, 90, 0, 7, 600, 8] * 4
_HOSTS = ["www.example.com", "shop.a-rather-long-subdomain-name.example.co.uk", "a.de"]
_ENDS = ["completed", "failed", "completed"]
_RAN = [f"2026-11-24 {hour}:00" for hour in (14, 15, 18, 19)]


def figures():
    history = make.history(_JOBS, _FAILED)
    return {
        "throughput": sq.plots.throughput(history),
        "latency": sq.plots.latency(history),
        "success_rate": sq.plots.success_rate(history),
        "error_kinds": sq.plots.error_kinds(
            make.error_history({str(kind): [9, 0, 4, 7] for kind in list(sq.ErrorKind)[:12]})
        ),
        "host_heatmap": sq.plots.host_heatmap(
            make.host_history([(hour, host, 10, 3, 0.5) for hour in _RAN for host in _HOSTS])
        ),
        "hosts": sq.plots.hosts(
            make.hosts([(host, 10_000, 1_234, 0.5, "dns") for host in _HOSTS]), by="failed"
        ),
        "timeline": sq.plots.timeline(history, total=30_000),
        "batches": sq.plots.batches(
            make.batches(
                [(host, host, 2, "cancelled", 9, 4, 0, 5, _RAN[0], _RAN[3]) for host in _HOSTS]
            )
        ),
        "comparison": sq.plots.comparison(make.compare([("changed", "price, title")] * 1_234)),
        "jobs": sq.plots.jobs(
            make.jobs(
                [
                    (f"https://{host}/{n}", status, None, ran, 0.05 * (n + 1))
                    for n in range(40)
                    for host, status, ran in zip(_HOSTS, _ENDS, _RAN[1:], strict=True)
                ]
            )
        ),
        "empty": sq.plots.latency(history.iloc[:0]),
    }


@pytest.fixture
def show(browser, tmp_path):
    """`show(figures, width, background)`: a page with them; what goes wrong on it fails the test."""
    wrong, pages = [], []

    def refuse(route):
        wrong.append(route.request.url)
        route.abort()

    def make_page(figures, width, background="#fff", *, widened=False):
        file = tmp_path / "figures.html"
        file.write_text(
            f'<!doctype html><meta charset="utf-8"><script>{get_plotlyjs()}</script>'
            f'<body style="margin:0;background:{background}">'
            + (WIDEN if widened else "")
            + "".join(
                figure.to_html(
                    full_html=False,
                    include_plotlyjs=False,
                    config={"responsive": True},
                    # run when it is drawn
                    post_script="document.getElementById('{plot_id}').classList.add('drawn')",
                )
                for figure in figures
            ),
            encoding="utf-8",
        )
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(20_000)
        pages.append(page)
        page.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.route("http*://**", refuse)
        page.goto(file.as_uri())
        page.locator(".drawn").nth(len(figures) - 1).wait_for()
        return page

    yield make_page
    for page in pages:
        page.close()
    assert wrong == []


#: In dark once: no colour depends on the width or on the font.
LIGHT, DARK = ("#fff", "plotly"), ("#111", "plotly_dark")


@pytest.mark.parametrize(
    ("width", "widened", "scheme"),
    [
        pytest.param(360, False, LIGHT, id="360-own-font-light"),
        pytest.param(360, True, LIGHT, id="360-wide-font-light"),
        pytest.param(1000, False, LIGHT, id="1000-own-font-light"),
        pytest.param(1000, True, LIGHT, id="1000-wide-font-light"),
        pytest.param(1000, False, DARK, id="1000-own-font-dark"),
    ],
)
def test_figures_are_whole_and_readable_at_every_width(show, width, widened, scheme, monkeypatch):
    background, template = scheme
    monkeypatch.setattr(pio.templates, "default", template)
    shown = figures()
    page = show(shown.values(), width, background, widened=widened)

    seen = dict(zip(shown, page.evaluate(TEXTS), strict=True))
    ARTEFACTS.mkdir(exist_ok=True)
    name = f"plots-{width}{'-wide-font' if widened else ''}-{background[1:]}.png"
    page.screenshot(path=ARTEFACTS / name, full_page=True)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name, figure in seen.items():
        assert figure["texts"], name
        assert [text for text in figure["texts"] if is_cut(text, figure)] == [], name
        assert overlaps(figure["texts"]) == [], name
        fills = {from_css(text["fill"]) for text in figure["texts"]}
        paper = from_css(figure["paper"])
        assert {fill for fill in fills if contrast(fill, paper) < TEXT} == set(), name


def is_cut(text, figure):
    return (
        text["left"] < 0
        or text["right"] > figure["width"]
        or text["top"] < 0
        or text["bottom"] > figure["height"]
    )


def overlaps(texts):
    """Pairs of texts whose boxes share more than a hair (line boxes are higher than letters)."""
    return [
        (one["words"], other["words"])
        for place, one in enumerate(texts)
        for other in texts[:place]
        if min(one["right"], other["right"]) - max(one["left"], other["left"]) > 1
        and min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 3
    ]


@pytest.mark.parametrize("width", [360, 1000])
def test_strangers_words_are_words_in_a_browser(show, width):
    tables = make.evil()
    page = show([getattr(sq.plots, name)(table) for name, table in tables.items()], width)

    for name, figure in zip(tables, page.evaluate(TEXTS), strict=True):
        seen = [text["words"].strip() for text in figure["texts"]]
        limit = {"error_kinds": 40, "batches": NAME_LIMIT}.get(name, labels.LABEL_LIMIT)
        prefix = "in " if name == "comparison" else ""
        shown = [evil for evil in make.EVIL[:7] if len(prefix + evil) <= limit]
        assert shown
        assert [evil for evil in shown if prefix + evil not in seen] == [], name
    assert page.locator(".js-plotly-plot svg a, img, iframe").count() == 0
    assert page.title() == ""


@pytest.mark.parametrize("name", ["host_heatmap", "hosts", "batches"])
def test_strangers_words_are_words_when_hovered(show, name):
    figure = getattr(sq.plots, name)(make.evil()[name])
    page = show([figure], 1000)
    plot = page.locator(".nsewdrag").first.bounding_box()
    row_px = plot["height"] / len(figure.layout.yaxis.ticktext)

    told = set()
    for row in range(len(make.EVIL)):
        page.mouse.move(0, 0)
        page.locator(".hoverlayer .hovertext").wait_for(state="detached")
        page.mouse.move(plot["x"] + plot["width"] * 0.3, plot["y"] + row_px * (row + 0.5))
        hover = page.locator(".hoverlayer .hovertext")
        hover.wait_for()
        told.add(hover.text_content())
        assert page.locator(".hoverlayer a").count() == 0

    for evil in make.EVIL:
        assert any(one.startswith(plain(evil, 120)) for one in told), evil
    assert page.title() == ""


def test_a_jobs_url_is_words_when_hovered(show):
    minutes = [f"2026-11-24 14:{number:02}:00" for number in range(len(make.EVIL))]
    rows = [(evil, "completed", None, at, 1.0) for evil, at in zip(make.EVIL, minutes, strict=True)]
    page = show([sq.plots.jobs(make.jobs(rows))], 1000)

    for number, evil in enumerate(make.EVIL):
        page.locator(".points path").nth(number).hover(force=True)
        hover = page.locator(".hoverlayer .hovertext", has_text=f"14:{number:02}")
        hover.wait_for()
        assert hover.text_content().startswith(plain(evil, 120))
        assert page.locator(".hoverlayer a").count() == 0
    assert page.title() == ""
