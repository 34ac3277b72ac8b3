"""A project that is behind `scrapeq serve`: the same handles and tables, over its REST API.

Nothing here loads Celery, Redis or a database.
"""
