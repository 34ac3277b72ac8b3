"""What both sides of the queue need: the services, recovery from the record, the Celery app."""
