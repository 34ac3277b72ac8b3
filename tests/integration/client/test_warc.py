"""The stored pages of a batch as a WARC file, read back by the library that web archives use."""

from __future__ import annotations

import pytest
from warcio.archiveiterator import ArchiveIterator

from scrapeq.errors import InputError

PATIENCE_S = 180


def records(path):
    with path.open("rb") as file:
        return [
            (one.rec_type, dict(one.rec_headers.headers), one.content_stream().read())
            for one in ArchiveIterator(file, check_digests="raise")
        ]


def test_a_web_archive_reads_every_stored_page(scrape, web, tmp_path):
    urls = [
        web.url("/article/1"),
        web.url("/article/2"),
        web.url("/article/1"),
        web.url("/status/404"),
    ]
    batch = scrape(urls, name="archived", store_html=True).wait(PATIENCE_S)
    path = tmp_path / "pages.warc.gz"

    assert batch.to_warc(path) == 2

    (kind, about, _), *pages = records(path)
    assert kind == "warcinfo"
    assert about["WARC-Filename"] == "pages.warc.gz"
    assert [one[0] for one in pages] == ["resource", "resource"]
    by_url = {headers["WARC-Target-URI"]: (headers, body) for _, headers, body in pages}
    page = batch.pages()[0]
    headers, body = by_url[page.final_url]
    assert body == batch.html(0)
    assert headers["Content-Type"].startswith("text/html")
    assert headers["WARC-Date"].startswith(f"{page.fetched_at:%Y-%m-%dT%H:%M:%S}")
    assert headers["WARC-Block-Digest"]
    assert not list(tmp_path.glob(".*"))


def test_nothing_is_written_over(scrape, web, tmp_path):
    batch = scrape([web.url("/article/3")], store_html=True).wait(PATIENCE_S)
    path = tmp_path / "pages.warc.gz"
    path.write_text("mine")

    with pytest.raises(InputError, match="is there already"):
        batch.to_warc(path)
    with pytest.raises(InputError, match="cannot be written"):
        batch.to_warc(tmp_path / "no-folder" / "pages.warc.gz")

    assert path.read_text() == "mine"
    assert not list(tmp_path.glob(".*"))
