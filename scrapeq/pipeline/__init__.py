"""The guide's three boxes, job queue, worker and monitor, and what wires the worlds together."""
