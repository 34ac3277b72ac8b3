"""Amounts with a unit: read in many ways of writing, given in one base unit for each dimension."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from typing import NamedTuple

from scrapeq.clean.numbers import exact_number, plain_digits
from scrapeq.clean.report import Unread


class Quantity(NamedTuple):
    """amount: exact, to 15 digits. unit: the base unit of its dimension, see `UNITS`."""

    amount: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Unit:
    """base: the unit in which all of its dimension are given. factor: how many of those it is; offset:
    how many of them its zero is (temperatures)."""

    base: str
    factor: Decimal
    offset: Decimal = Decimal(0)


_EXACT = Context(prec=28)
#: What a float keeps, and enough to hide what a division leaves.
_ROUNDED = Context(prec=15)


def _units() -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for base, listed in _FACTORS.items():
        for one in listed.split():
            name, _, factor = one.partition("=")
            over, _, under = factor.partition("/")
            units[name] = Unit(base, _EXACT.divide(Decimal(over or 1), Decimal(under or 1)))
    below = _EXACT.divide(Decimal(-160), Decimal(9))
    units["°F"] = Unit("°C", _EXACT.divide(Decimal(5), Decimal(9)), below)
    return units


# Factors are UCUM's and CLDR's: SI, the international yard and pound of 1959, liquid measures of the
# United States, bytes of ISO/IEC 80000-13. A table of our own, since pint takes 0.3 s to load, and since
# shops write few units, in many languages.
_FACTORS = {
    "m": "nm=1E-9 µm=1E-6 mm=.001 cm=.01 dm=.1 m=1 km=1000 in=.0254 ft=.3048 yd=.9144 mi=1609.344 nmi=1852",
    "kg": "µg=1E-9 mg=1E-6 g=.001 kg=1 t=1000 oz=.028349523125 lb=.45359237 st=6.35029318",
    "l": "µl=1E-6 ml=.001 cl=.01 dl=.1 l=1 hl=100 cm³=.001 dm³=1 m³=1000 fl.oz=.0295735295625 "
    "pt=.473176473 qt=.946352946 gal=3.785411784 in³=.016387064 ft³=28.316846592",
    "m²": "mm²=1E-6 cm²=1E-4 m²=1 ha=1E4 km²=1E6 in²=.00064516 ft²=.09290304 yd²=.83612736 "
    "acre=4046.8564224 mi²=2589988.110336",
    "s": "ms=.001 s=1 min=60 h=3600 d=86400 week=604800",
    "W": "mW=.001 W=1 kW=1000 MW=1E6 GW=1E9 PS=735.49875 hp=745.69987158227022",
    "Wh": "Wh=1 kWh=1000 MWh=1E6 GWh=1E9 J=1/3600 kJ=1000/3600 MJ=1E6/3600 cal=4.184/3600 kcal=4184/3600",
    "B": "B=1 kB=1E3 MB=1E6 GB=1E9 TB=1E12 PB=1E15 KiB=1024 MiB=1048576 GiB=1073741824 TiB=1099511627776",
    "bit/s": "bit/s=1 kbit/s=1E3 Mbit/s=1E6 Gbit/s=1E9",
    "°C": "°C=1",
    "m/s": "m/s=1 km/h=1/3.6 mph=.44704 kn=1852/3600",
    "Pa": "Pa=1 hPa=100 kPa=1000 MPa=1E6 mbar=100 bar=1E5 psi=6894.757293168",
    "V": "mV=.001 V=1 kV=1000",
    "A": "mA=.001 A=1",
    "Ah": "mAh=.001 Ah=1",
    "Hz": "Hz=1 kHz=1E3 MHz=1E6 GHz=1E9",
    "N": "N=1 kN=1000",
    "Nm": "Nm=1",
    "lm": "lm=1",
    "px": "px=1 MP=1E6",
    "dB": "dB=1",
    "°": "°=1",
}
#: Every unit by its sign, with the base unit of its dimension.
UNITS: Mapping[str, Unit] = _units()

#: Other ways to write them: signs, and words of English, German, French, Spanish, Italian, Portuguese,
#: Dutch and Russian.
_SPELLINGS = {
    "mm": "millimeter millimeters millimetre millimetres millimètre millimètres milímetro milímetros millimetri мм",
    "cm": "centimeter centimeters centimetre centimetres zentimeter centimètre centimètres centímetro "
    "centímetros centimetri см",
    "m": "meter meters metre metres mètre mètres metro metros metri mtr м",
    "km": "kilometer kilometers kilometre kilometres kilomètre kilomètres kilómetro kilómetros quilómetro "
    "quilómetros quilômetro quilômetros chilometri км",
    "in": "inch inches zoll pouce pouces pulgada pulgadas pollici polegadas polegada \" ″ '' ” inch.",
    "ft": "foot feet fuß pied pieds pie pies ' ′ ft.",
    "yd": "yard yards",
    "mi": "mile miles meile meilen milla millas milha milhas",
    "mg": "milligram milligrams milligramm milligramme milligrammes miligramo miligramos мг",
    "g": "gr gram grams gramm gramme grammes gramo gramos grammo grammi grama gramas г gr. g.",
    "kg": "kgs kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos "
    "chilogrammo chilogrammi chilo quilo quilos quilograma quilogramas кг kg.",
    "t": "tonne tonnes tonnen tonnellate tonelada toneladas",
    "oz": "ounce ounces unze unzen once onces onza onzas oz.",
    "lb": "lbs pound pounds pfund livre livres libra libras libbre lb. lbs.",
    "st": "stone",
    "ml": "milliliter milliliters millilitre millilitres mililitro mililitros millilitri мл",
    "cl": "centiliter centilitre centilitres zentiliter centilitro centilitros centilitri",
    "l": "liter liters litre litres litro litros litri ltr ltrs ℓ л lt",
    "m³": "cbm m3 кубм",
    "cm³": "ccm cc",
    "fl.oz": "fl|oz fl.|oz fl|oz. fl.|oz. floz fluid|ounce fluid|ounces",
    "pt": "pint pints",
    "qt": "quart quarts",
    "gal": "gallon gallons",
    "m²": "qm sqm sq|m sq.|m quadratmeter square|meter square|meters square|metre square|metres "
    "mètre|carré mètres|carrés mq кв.м кв.|м",
    "ft²": "sqft sq|ft sq.|ft. sq.|ft square|foot square|feet",
    "km²": "sqkm sq|km",
    "ha": "hektar hectare hectares hectárea hectáreas ettari",
    "acre": "acres ac",
    "ms": "millisecond milliseconds",
    "s": "sec secs second seconds sek sekunde sekunden seconde secondes segundo segundos secondo secondi sec.",
    "min": "mins minute minutes minuten minuto minutos minuti min. мин",
    "h": "hr hrs hour hours std std. stunde stunden heure heures hora horas ora ore uur ч",
    "d": "day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen",
    "week": "weeks wk wks woche wochen semaine semaines semana semanas settimana settimane weken",
    "W": "watt watts",
    "kW": "kilowatt kilowatts",
    "PS": "cv pk",
    "hp": "horsepower bhp",
    "kWh": "kilowattstunde kilowattstunden kilowatt|hours",
    "kcal": "kilokalorien kilocalories",
    "J": "joule joules",
    "B": "byte bytes",
    "GB": "gigabyte gigabytes go гб",
    "MB": "megabyte megabytes mo мб",
    "TB": "terabyte terabytes тб",
    "kbit/s": "kbps",
    "Mbit/s": "mbps",
    "Gbit/s": "gbps",
    "°C": "°|c grad|celsius degrees|celsius celsius ºc",
    "°F": "fahrenheit degrees|fahrenheit ºf",
    "km/h": "kmh kph",
    "V": "volt volts",
    "A": "ampere amp amps",
    "Hz": "hertz",
    "lm": "lumen lumens",
    "px": "pixel pixels",
    "MP": "megapixel megapixels mpx",
    "°": "deg degree degrees º",
}


def _by_spelling() -> dict[str, str]:
    """Units by every way of writing them; in small letters too, where only one unit is written so."""
    exact = {plain_digits(name): name for name in UNITS}
    for name, spellings in _SPELLINGS.items():
        for one in spellings.split():
            exact.setdefault(plain_digits(one.replace("|", " ")), name)
    small: dict[str, str] = {}
    for written, name in exact.items():
        key = written.lower()
        small[key] = name if small.get(key, name) == name else ""
    return {**{key: name for key, name in small.items() if name}, **exact}


_KNOWN = _by_spelling()
_UNIT = "|".join(re.escape(one) for one in sorted(_KNOWN, key=len, reverse=True))
_AMOUNT = r"\d{1,3}(?:[ ']\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*|[.,]\d+"
_PAIR = re.compile(
    rf"(?<![\d.,/])(?P<minus>(?<![^\s(:])-\s?)?(?P<amount>{_AMOUNT})[\s-]?(?P<unit>{_UNIT})(?:(?<=['\"″′])|(?![\w²³]))",
    re.IGNORECASE,
)
_FRACTIONS = str.maketrans({"½": ".5", "¼": ".25", "¾": ".75"})
_RAISED = re.compile(r"\d[⁰¹²³⁴⁵⁶⁷⁸⁹]|[⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
#: Of what is an amount for something else: 5 g per 100 ml, 90 kg/m.
_PER = re.compile(r"\s*(?:/|per\b|pro\b|je\b|par\b|por\b|p\.)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:,|and|und|et|y|e)?\s*", re.IGNORECASE)
_LONGEST = 200
#: 5 lb (2.27 kg) says the same twice, but for what was rounded.
_SAME = Decimal("0.03")


def parse_quantity(
    text: str, decimal: str | None = None, unit: str | None = None
) -> Quantity | Decimal | Unread:
    """The one amount with a unit in a text; words beside it ("approx. 1.5 kg net") do not matter.

    It comes in the base unit of its dimension: `UNITS` has all. "5 ft 11 in" and "1 h 30 min" are one
    amount; "5 lb (2.27 kg)" says one amount twice. unit: give the amount in this unit, alone. Not read
    are ranges, products ("2 x 500 g"), and what is an amount for something else ("5 g/100 ml").

    >>> parse_quantity("1,5 kg"), parse_quantity("500 g", unit="kg")
    (Quantity(amount=Decimal('1.5'), unit='kg'), Decimal('0.5'))
    """
    if len(text) > _LONGEST:
        return Unread("not_a_quantity", f"it has more than {_LONGEST} characters")
    if _RAISED.search(text):
        return Unread("ambiguous_quantity", "raised digits stand behind others")
    written = plain_digits(text.translate(_FRACTIONS))
    pairs = list(_PAIR.finditer(written))
    if not pairs:
        return Unread("not_a_quantity", "there is no amount with a unit in it")
    rest = _PAIR.sub(" ", written)
    if any(one.isdigit() for one in rest) or any(_PER.match(written, pair.end()) for pair in pairs):
        return Unread("ambiguous_quantity", "there are other numbers in it, or what it is for")
    amounts: list[tuple[Decimal, Unit]] = []
    for pair in pairs:
        number = exact_number(pair["amount"], decimal)
        if isinstance(number, Unread):
            return Unread(number.change.replace("number", "quantity"), number.reason)
        known = UNITS[_unit_name(pair["unit"])]
        amount = _EXACT.multiply(-number if pair["minus"] else number, known.factor)
        amounts.append((_EXACT.add(amount, known.offset), known))
    total = _total(written, pairs, amounts)
    if total is None:
        return Unread("ambiguous_quantity", f"there are {len(pairs)} amounts in it")
    quantity = Quantity(total, amounts[0][1].base)
    return Quantity(_tidy(total), quantity.unit) if unit is None else in_unit(quantity, unit)


def in_unit(quantity: Quantity, unit: str) -> Decimal | Unread:
    """The amount in another unit of its dimension."""
    wanted = UNITS[unit]
    if wanted.base != quantity.unit:
        return Unread("not_a_quantity", f"it is given in {quantity.unit}, and not in {unit}")
    return _tidy(_EXACT.divide(_EXACT.subtract(quantity.amount, wanted.offset), wanted.factor))


def _unit_name(written: str) -> str:
    return _KNOWN.get(written) or _KNOWN[written.lower()]


def _total(
    written: str, pairs: list[re.Match[str]], amounts: list[tuple[Decimal, Unit]]
) -> Decimal | None:
    """One amount for all: the only one, the sum of falling units side by side, or one said twice."""
    (first, unit), *others = amounts
    if any(one.base != unit.base for _, one in others):
        return None
    gaps = [written[one.end() : following.start()] for one, following in pairwise(pairs)]
    sizes = [one.factor for _, one in amounts]
    if all(_BETWEEN.fullmatch(gap) for gap in gaps) and sizes == sorted(set(sizes), reverse=True):
        return sum((amount for amount, _ in others), first)
    same = all(abs(amount - first) <= _SAME * abs(first) for amount, _ in others)
    return first if same else None


def _tidy(amount: Decimal) -> Decimal:
    """Without what a division leaves behind 15 digits, and without an exponent."""
    rounded = _ROUNDED.plus(amount)
    if rounded == rounded.to_integral_value() and abs(rounded) < Decimal(10) ** 15:
        return Decimal(int(rounded))
    return rounded.normalize(_ROUNDED)


def amounts_in(text: str) -> list[str]:
    """The amounts of a text as they are written: what shows the decimal sign of a column."""
    if len(text) > _LONGEST:
        return []
    return [pair["amount"] for pair in _PAIR.finditer(plain_digits(text.translate(_FRACTIONS)))]
