"""A record named on the command line."""

import pytest

from scrapeq.errors import ConfigError
from scrapeq.models.command_options import config_from_options, record_of
from scrapeq.models.record_class import record_spec

CODE = """
import scrapeq as sq
class Product(sq.Record):
    name: str = sq.css("h1")
simple = {"name": "h1"}
"""


@pytest.mark.parametrize("name", ["Product", "simple"])
def test_a_class_or_a_dict_in_a_file_of_python(tmp_path, name):
    path = tmp_path / "products.py"
    path.write_text(CODE)

    config = config_from_options(record=f"{path}:{name}")

    assert config.record.names == ("name",)


def test_a_record_that_was_saved(tmp_path):
    path = tmp_path / "products.json"
    path.write_text(record_spec({"name": "h1"}).model_dump_json())

    assert config_from_options(record=str(path)).record == record_spec({"name": "h1"})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.json", "{", "not written as JSON"),
        ("a.json", None, "No such file"),
        ("a.py:X", None, "No such file"),
        ("a.py:X", "Y = 1", "it has no 'X'"),
        ("a.py:X", "1/0", "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path, name, text, why):
    if text is not None:
        (tmp_path / name.partition(":")[0]).write_text(text)

    with pytest.raises(ConfigError, match=why):
        record_of(f"{tmp_path}/{name}")
