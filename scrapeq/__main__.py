"""`python -m scrapeq`: the command line where no `scrapeq` is on PATH, as in many notebooks."""

from scrapeq.cli import main

if __name__ == "__main__":
    main()
