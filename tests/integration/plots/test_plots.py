"""Figures of what really ran, asked for without a table."""

from __future__ import annotations

import numpy as np
import pytest

import scrapeq as sq


@pytest.fixture
def batch(scrape, web):
    urls = [row["url"] for row in web.urls(60, failures=0.2)]
    made = scrape(urls, name="drawn", refresh=True)
    made.wait(180)
    return made


def total(figure, name):
    (trace,) = [one for one in figure.data if one.name == name]
    return np.nansum(trace.y if trace.orientation != "h" else trace.x)


def test_every_figure_draws_what_ran(batch, queue):
    done, failed = batch.progress.completed, batch.progress.failed
    assert failed

    timeline = sq.plots.timeline(batch)
    assert [one.y[-1] for one in timeline.data] == [done, failed, done + failed]
    assert "drawn" in timeline.layout.title.text
    named = sq.plots.timeline("drawn", queue=queue)
    assert [one.y[-1] for one in named.data] == [done, failed, done + failed]

    speed = sq.plots.throughput(batch=batch, every="5s")
    assert [sum(bar.customdata) for bar in speed.data] == [done, failed]
    assert sum(bar.customdata.sum() for bar in sq.plots.throughput(queue=queue).data) > 0
    assert np.nanmin(sq.plots.latency(batch=batch, every="5s").data[0].y) > 0
    success = sq.plots.success_rate(batch=batch).data[0]
    assert success.customdata.sum(axis=0).tolist() == [failed, done + failed]

    kinds = sq.plots.error_kinds(batch=batch)
    assert sum(bar.y.sum() for bar in kinds.data) == failed

    (heat,) = [one for one in sq.plots.host_heatmap(batch=batch).data if one.type == "heatmap"]
    assert heat.customdata.sum(axis=(0, 1)).tolist() == [done + failed, failed]
    assert total(sq.plots.hosts(batch=batch), "failed") == failed
    assert total(sq.plots.hosts(batch=batch, by="jobs"), "succeeded") == done

    assert sq.plots.batches(queue=queue).layout.yaxis2.ticktext[0] == f"{failed} failed"
    assert "60 of them the same" in sq.plots.comparison(sq.compare(batch, batch)).layout.title.text


def test_a_batch_that_is_not_there_is_told(queue):
    with pytest.raises(sq.ScrapeqError, match="no-such-batch"):
        sq.plots.timeline("no-such-batch", queue=queue)
    with pytest.raises(sq.ScrapeqError, match="no-such-batch"):
        sq.plots.latency(batch="no-such-batch", queue=queue)
