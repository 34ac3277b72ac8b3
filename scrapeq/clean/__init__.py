"""Cleaning: of every page, of records on request, and rules for single values; pure, with a report.

import scrapeq as sq
sq.clean.price("1.299,00 €")         # Decimal('1299.00')
df["price"].map(sq.clean.price)      # a column

The rules are text, line, lines, plain_text, number, integer, percent, price, currency, date, datetime,
quantity, phone, email, url, language, country and boolean: see `scrapeq.clean.rule.Rule`.
"""

from scrapeq.clean.content import clean_content
from scrapeq.clean.languages import language_tag
from scrapeq.clean.records import clean_records
from scrapeq.clean.report import Change, CleanResult, Report, Unread, is_result
from scrapeq.clean.rule import RULES, Rule, rule_of
from scrapeq.clean.rules import CleaningRules
from scrapeq.clean.texts import Layout, clean_text

text = RULES["text"]
line = RULES["line"]
lines = RULES["lines"]
plain_text = RULES["plain_text"]
number = RULES["number"]
integer = RULES["integer"]
percent = RULES["percent"]
price = RULES["price"]
currency = RULES["currency"]
date = RULES["date"]
datetime = RULES["datetime"]
quantity = RULES["quantity"]
phone = RULES["phone"]
email = RULES["email"]
url = RULES["url"]
language = RULES["language"]
country = RULES["country"]
boolean = RULES["boolean"]

__all__ = [
    "RULES",
    "Change",
    "CleanResult",
    "CleaningRules",
    "Layout",
    "Report",
    "Rule",
    "Unread",
    "boolean",
    "clean_content",
    "clean_records",
    "clean_text",
    "country",
    "currency",
    "date",
    "datetime",
    "email",
    "integer",
    "is_result",
    "language",
    "language_tag",
    "line",
    "lines",
    "number",
    "percent",
    "phone",
    "plain_text",
    "price",
    "quantity",
    "rule_of",
    "text",
    "url",
]
