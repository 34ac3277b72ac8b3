"""What a record's fields come to: values of their types, where they are from, and what is wrong."""

from scrapeq.records.checking import check_record
from scrapeq.records.making import Made, make_record, with_record

__all__ = ["Made", "check_record", "make_record", "with_record"]
