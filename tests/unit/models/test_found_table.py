"""Tables as values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from scrapeq.models import FoundTable
from scrapeq.models.found_table import unique_names


def test_rows_are_as_long_as_the_columns():
    table = FoundTable.named(["A", "A", None], [["1"], ["1", 2, 3.5, "more"]], "T")

    assert table.columns == ["A", "A_2", "col_3"]
    assert table.rows == [["1", None, None], ["1", 2, 3.5]]
    assert FoundTable.from_json(json.loads(json.dumps(table.to_json()))) == table


@given(st.lists(st.sampled_from(["A", "A_2", "A_3", "col_1", "col_3", "", None, " A\n"])))
def test_every_column_has_a_name_of_its_own(names):
    unique = unique_names(names)

    assert len(set(unique)) == len(unique) == len(names)
    assert all(unique)
