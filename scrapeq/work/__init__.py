"""One worker process: claim, fetch, read, save and finish; here the outside worlds meet."""
