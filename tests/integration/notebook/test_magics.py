"""Magics in a real kernel: what they give, what they say of mistakes, what the tab key offers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def scrape(web, *paths: str) -> str:
    return "\n".join(web.url(path) for path in paths)


def test_a_cell_of_urls_becomes_a_batch(kernel, web):
    urls = scrape(web, "/article/1", "/status/404")
    ran = kernel.run(
        "%%scrape firms --select headline=h1 --option main_text=off --delay 0 -o pages\n"
        f"# two of them\n\n{urls}\n"
    )

    assert ran.status == "ok", ran.traceback
    (bundle,) = ran.bundles  # one output, live and as it can be saved
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "firms" in bundle["text/html"]
    assert kernel.value("_.id == pages.id") == "True"
    assert kernel.value("pages.wait(180).df['ok'].tolist()") == "[True, False]"
    assert kernel.value("pages.df['headline'][0]") == repr(web.page("/article/1").title)
    assert kernel.value("pages.batch.config.main_text") == "'off'"


def test_the_same_cell_again_asks_nobody(kernel, web):
    cell = f"%%scrape again\n{scrape(web, '/article/2')}"
    kernel.run(f"{cell}")
    kernel.value("_.wait(180).id")

    ran = kernel.run(cell)

    assert "nothing was submitted" in ran.html


def test_a_line_takes_an_expression_and_options(kernel, web):
    kernel.run(
        "import pandas as pd\n"
        f"firms = pd.DataFrame({{'firm': ['a', 'b', 'c'], 'year': [1, 2, 3], 'link': "
        f"{[web.url(f'/article/{number}') for number in (11, 12, 13)]!r}}})"
    )

    ran = kernel.run("%scrape firms[firms.year - 1 > 0] --url link --name 'late ones' -o late")

    assert ran.status == "ok", ran.traceback
    assert kernel.value("late.name") == "'late ones'"
    assert kernel.value("list(late.wait(180).df['firm'])") == "['b', 'c']"
    assert kernel.value("_.is_done") == "True"


def test_a_class_of_the_notebook_says_what_a_row_holds(kernel, web):
    kernel.run(
        "import scrapeq as sq\nclass Product(sq.Record):\n    name: str = sq.css('h1')\n"
        f"links = [{web.url('/product/21')!r}]"
    )

    assert kernel.run("%scrape links --record Product -o products").status == "ok"
    assert kernel.value("products.wait(180).df['name'].notna().all()") == "np.True_"


def test_a_dict_and_a_column_are_expressions(kernel, web):
    kernel.run(f"links = [{web.url('/article/21')!r}]")

    assert kernel.run('%scrape {"link": links} --url link').status == "ok"
    assert kernel.value("_.batch.url_column") == "'link'"
    kernel.run("column = pd.Series(links)")
    assert kernel.run("%scrape column.head(1)").status == "ok"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%scrape\n\n# nothing\n", "the cell holds no URLs"),
        ("%scrape", "write what to scrape before the options"),
        ("%scrape --links", "write what to scrape before the options"),
        ("%scrape no_such_name", "NameError: name 'no_such_name' is not defined"),
        ("%scrape 1 +", "SyntaxError"),
        ("%scrape 3", "give a DataFrame"),
        ("%%scrape --retries 3\nhttp://localhost/", "unrecognized arguments: --retries"),
        ("%%scrape --delay soon\nhttp://localhost/", "invalid float value: 'soon'"),
        ("%%scrape --select h1\nhttp://localhost/", "is not NAME=VALUE"),
        ("%%scrape --select 'a=h1\nhttp://localhost/", "No closing quotation"),
        ("%%scrape --option max_retrys=1\nhttp://localhost/", "did you mean 'max_retries'?"),
        ("%%scrape --option max_retries=99\nhttp://localhost/", "less than or equal to 20"),
        ("%%scrape --priority 11\nhttp://localhost/", "priority is 11"),
        ("%%scrape a --name b\nhttp://localhost/", "two names"),
        ("%%scrape --url link\nhttp://localhost/", "a cell of URLs has no columns"),
        ("%%scrape -o class\nhttp://localhost/", "no name of a variable"),
        ("%jobs --status good", "invalid choice: 'good'"),
        ("%jobs --batch never-was", "there is no batch 'never-was'"),
        ("%history --hours many", "IPython's own %history is %hist"),
        ("%history -n 1-5", "IPython's own %history is %hist"),
        ("%history --plot timeline", "a timeline is of one batch"),
        ("%history --plot pie", "invalid choice: 'pie'"),
        ("%health now", "unrecognized arguments: now"),
    ],
)
def test_a_mistake_is_one_clear_line(kernel, cell, says):
    ran = kernel.run(cell)

    assert ran.status == "error"
    assert says in ran.printed
    assert ran.printed.startswith("UsageError: ")
    assert ran.printed.count("\n") == 1
    assert ran.traceback == ""
    assert ran.bundles == []


def test_what_was_done_is_a_table_and_a_picture(kernel, web):
    urls = scrape(web, "/article/31", "/status/410")
    kernel.run(f"%%scrape looked-at -o looked\n{urls}")
    kernel.value("looked.wait(180).id")

    ran = kernel.run("%jobs --status failed --batch looked-at -o failed")
    assert ran.status == "ok", ran.traceback
    assert "410" in ran.html
    assert kernel.value("list(failed['error_kind'])") == "['http_4xx']"

    ran = kernel.run("%history --hours 1 --every 5min")
    assert ran.status == "ok", ran.traceback
    assert int(kernel.value("int(_['jobs'].sum())")) >= 2

    ran = kernel.run("%batches --limit 1")
    assert "looked-at" in ran.html


@pytest.mark.parametrize(
    "picture",
    ["", " latency", " success_rate", " error_kinds", " host_heatmap", " timeline --batch drawn"],
)
def test_history_is_drawn(kernel, web, picture):
    if "drawn" in picture:
        kernel.run(f"%%scrape drawn\n{scrape(web, '/article/51')}")
        kernel.value("_.wait(180).id")
    ran = kernel.run(f"%history --hours 1 --every 5min --plot{picture}")

    assert ran.status == "ok", ran.traceback
    assert kernel.value("type(_).__name__") == "'Figure'"


def test_health_is_a_card(kernel):
    ran = kernel.run("%health")

    assert ran.status == "ok", ran.traceback
    assert "health of" in ran.html
    assert "<SystemHealth" in ran.text


def test_help_tells_the_options(kernel):
    said = kernel.run("%scrape?").help

    assert "--select NAME=SELECTOR" in said
    assert "%%scrape firms" in said
    assert "--status" in kernel.run("%jobs?").help


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("%%scrape --sel", ["%%scrape --select", "%%scrape --select-all"]),
        ("%%scrape firms --ref", ["%%scrape firms --refresh"]),
        ("%%scrape --option max_re", [f"%%scrape --option max_re{end}=" for end in ("directs", "tries")]),
        ("%%scrape --option=max_ret", ["%%scrape --option=max_retries="]),
        ("%%scrape --option main_text=", [f"%%scrape --option main_text={w}" for w in ("best", "fast", "off")]),
        ("%%scrape --option extract_links=t", ["%%scrape --option extract_links=true"]),
        ("%jobs --status fa", ["%jobs --status failed"]),
        ("%jobs --error-kind http_", [f"%jobs --error-kind http_{n}" for n in ("4xx", "5xx")]),
        ("failed = %jobs --li", ["failed = %jobs --limit"]),
        ("%history --pl", ["%history --plot"]),
        ("%history --plot lat", ["%history --plot latency"]),
        ("%history --every 1", [f"%history --every 1{unit}" for unit in ("5min", "d", "h", "min")]),
        ("%scrape firms --url li", ["%scrape firms --url link"]),
        ("%scrape firms --url=li", ["%scrape firms --url=link"]),
        ("%health ", ["%health --out", "%health -o"]),
    ],
)  # fmt: skip
def test_the_tab_key_offers_options_and_their_values(kernel, typed, offered):
    kernel.run("import pandas as pd; firms = pd.DataFrame({'link': [], 'firm': []})")

    assert sorted(kernel.complete(typed)) == sorted(offered)


def test_the_tab_key_offers_batches(kernel, web):
    kernel.run(f"%%scrape 'a name with spaces'\n{scrape(web, '/article/41')}")
    kernel.run(f"%%scrape tabbed\n{scrape(web, '/article/41')}")

    assert kernel.complete("%jobs --batch tab") == ["%jobs --batch tabbed"]
    assert "%history --batch 'a name with spaces'" in kernel.complete("%history --batch ")


def test_the_tab_key_types_no_line_of_a_strangers(kernel, web):
    kernel.run("evil = pd.DataFrame({'a\\n!touch pwned\\n': [], 'a\\u202eb': [], 'a;b': []})")
    kernel.run(
        "import scrapeq as sq\n"
        f"strange = sq.scrape([{web.url('/article/41')!r}], name='evil\\n!touch pwned')"
    )

    assert kernel.complete("%scrape evil --url ") == ["%scrape evil --url 'a;b'"]
    assert "touch" not in "".join(kernel.complete("%jobs --batch ev"))


def test_the_tab_key_offers_what_can_be_scraped(kernel):
    kernel.run("frame_of_mine = pd.DataFrame(); frame_count = 3")

    offered = kernel.complete("%scrape frame_of")

    assert "%scrape frame_of_mine" in offered


def test_the_tab_key_offers_what_it_always_did_elsewhere(kernel):
    kernel.run("frame_of_mine = 1")

    assert "frame_of_mine" in kernel.complete("frame_of")
    assert any("load_ext" in one for one in kernel.complete("%load_e"))


def test_unloading_leaves_all_as_it_was(kernel):
    assert "IPython" not in kernel.run("%hist -l 1").printed

    kernel.run("%unload_ext scrapeq")
    try:
        assert kernel.run("%%scrape\nhttp://localhost/").printed.startswith(
            "UsageError: Cell magic"
        )
        assert "not found" in kernel.run("%jobs").printed
        kernel.run("typed_here = 1")
        assert "typed_here" in kernel.run("%history -l 2").printed
        assert "typed_here" in kernel.run("%hist -l 3").printed
        assert "%jobs --status" not in kernel.complete("%jobs --sta")
        assert kernel.run("%unload_ext scrapeq").status == "ok"
    finally:
        kernel.run("%load_ext scrapeq")

    assert kernel.complete("%jobs --sta") == ["%jobs --status"]
    assert "typed_here" in kernel.run("%hist -l 9").printed


def test_in_a_terminal_too(tmp_path):
    session = "%load_ext scrapeq\n%health -o seen\nprint(seen.verdict)\n%unload_ext scrapeq\n"
    typed = subprocess.run(
        [sys.executable, "-m", "IPython", "--colors=NoColor", "--simple-prompt", "-c", session],
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert typed.stdout.splitlines()[-1] == "UNHEALTHY"
    assert typed.stderr == ""
