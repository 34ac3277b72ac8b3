"""Submitting many jobs: scrapeq's bulk beside Celery's apply_async for each URL, one Redis."""


def compare_submission(jobs, repeats):
    pass
