"""The fault harness: work is submitted, things are broken meanwhile, and everything is counted.

python -m tests.faults --seed 7 --faults 200 --jobs 40000 --database sqlite

system.py    what is attacked: a little web, a kernel, its cluster, a record
table.py     the faults: what each does, how it is undone, what is promised
strikes.py   how they are done; browser_strikes.py: the browser's
attempt.py   one fault in the middle of one batch
count.py     accepted, ok, lost, duplicated, fetched again, read from the record and the web
report.py    the table that is printed
"""
