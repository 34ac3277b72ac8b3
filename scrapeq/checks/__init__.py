"""What `scrapeq doctor` and `sq.doctor()` look at, and what to do about what is wrong."""
