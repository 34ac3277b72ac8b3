"""The tables of `scrapeq.client.tables` as Plotly figures, for light and dark notebooks and print.

sq.plots.throughput()                     the last 24 hours, in steps that fit
sq.plots.latency(sq.history(hours=2, every="5min"))
sq.plots.timeline(batch)

Each takes the table that it draws, or asks for it itself, and returns a
`plotly.graph_objects.Figure`, to be changed like any other (`fig.update_layout(height=500)`). What
is given as a table is drawn without the queue, its libraries or its services.
"""

from scrapeq.plots.batches import batches
from scrapeq.plots.comparison import comparison
from scrapeq.plots.error_kinds import error_kinds
from scrapeq.plots.heatmap import host_heatmap
from scrapeq.plots.hosts import hosts
from scrapeq.plots.jobs import jobs
from scrapeq.plots.over_time import latency, success_rate, throughput
from scrapeq.plots.timeline import timeline

__all__ = [
    "batches",
    "comparison",
    "error_kinds",
    "host_heatmap",
    "hosts",
    "jobs",
    "latency",
    "success_rate",
    "throughput",
    "timeline",
]
