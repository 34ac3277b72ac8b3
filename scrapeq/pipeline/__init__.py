"""The guide's three names: the job queue, the worker and the monitor."""
