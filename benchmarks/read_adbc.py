"""A query of a SQLite file by ADBC, as an Arrow table; what it took, as JSON.

python read_adbc.py FILE < query.sql
"""

from __future__ import annotations

import json
import sys

import adbc_driver_sqlite.dbapi
from used import measured

if __name__ == "__main__":
    query = sys.stdin.read()
    with (
        adbc_driver_sqlite.dbapi.connect(sys.argv[1]) as connection,
        connection.cursor() as cursor,
    ):
        with measured() as found:
            cursor.execute(query)
            table = cursor.fetch_arrow_table()
        found |= {"rows": table.num_rows, "columns": table.num_columns, "mb": table.nbytes / 1e6}
    print(json.dumps(found))
