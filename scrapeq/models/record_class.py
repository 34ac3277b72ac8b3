"""How people say what a row is: a pydantic class or a dict, with a source for each field.

    class Product(sq.Record):
        name: str = sq.css("h1")
        price: Decimal | None = sq.first(sq.structured("offers.price"), sq.css(".price"))

`record_spec` makes the data of it that travels. Code does not travel: a class with validators is
refused, while bounds (`Field(gt=0)`) and rules of `sq.clean` are data.
"""

from __future__ import annotations

import enum
import math
import types
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import GroupedMetadata
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from scrapeq.errors import ConfigError
from scrapeq.models.record import CleanStep, FieldSource, FieldSpec, FieldType, RecordSpec, Way

#: Bounds that travel: pydantic's own names.
BOUNDS = frozenset(
    [
        *("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern"),
        *("max_digits", "decimal_places"),
    ]
)
_EXAMPLE = 'write it like: price: Decimal | None = sq.css(".price")'


if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # it has no public name


class _RecordClass(ModelMetaclass):
    """Says in words of ours what is wrong with a field where the class is written."""

    def __new__(mcs, name: str, *rest: Any, **more: Any) -> Any:
        try:
            return super().__new__(mcs, name, *rest, **more)
        except PydanticUserError as error:
            problem = str(error.message).partition("\n")[0].removesuffix(".")
            raise ConfigError(f"the record {name}: {problem}", hint=_EXAMPLE) from None


class Record(BaseModel, metaclass=_RecordClass):
    """The class of what a row holds: each field has a type, and `sq.css(...)` or the like as its value.

    Types: str, int, float, Decimal, bool, date, datetime, HttpUrl (made absolute), Literal and Enum,
    pandas.DataFrame (a table), another Record, dict or Any (as it is), each also as `| None` (may be
    missing) or in a list (all matches). Bounds of pydantic's `Field` hold; what violates them is
    named in `batch.violations`, and the row stays.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)


class _Sources:
    """What `css` and the others leave at a field. record: what each value is, for `each`."""

    def __init__(self, sources: tuple[FieldSource, ...], record: Any = None) -> None:
        self.sources = sources
        self.record = record


def css(selector: str, *, clean: Any = None, default: Any = PydanticUndefined) -> Any:
    """A field found by CSS: `"h1"`, `"a.next::attr(href)"`, `"p::text"`; in a list, all matches.

    clean: a rule of `sq.clean`, or a list of them. default: the value where nothing is found.
    """
    return _field(Way.CSS, selector, clean, default)


def xpath(query: str, *, clean: Any = None, default: Any = PydanticUndefined) -> Any:
    """A field found by XPath: `"//h1/text()"`."""
    return _field(Way.XPATH, query, clean, default)


def regex(pattern: str, *, clean: Any = None, default: Any = PydanticUndefined) -> Any:
    """A field found by a regular expression in the text that a person reads: its first group, or all
    of the match where it has none."""
    return _field(Way.REGEX, pattern, clean, default)


def structured(path: str, *, clean: Any = None, default: Any = PydanticUndefined) -> Any:
    """A field from what the page declares: `"offers.price"`, `"Product.brand.name"`, `"og:title"`.

    Looked for in JSON-LD, then microdata, RDFa, OpenGraph, and JSON in scripts. Lists on the way are
    gone through: the first that has the rest of the path counts.
    """
    return _field(Way.STRUCTURED, path, clean, default)


def jmespath(query: str, *, clean: Any = None, default: Any = PydanticUndefined) -> Any:
    """A field from a JSON answer, by JMESPath: `"items[0].price"`; of a page, from JSON in its scripts."""
    return _field(Way.JSON, query, clean, default)


def table(selector: str = "table", *, default: Any = PydanticUndefined) -> Any:
    """A table, by CSS of it or of an element around it; a field of type `pandas.DataFrame`."""
    return _field(Way.TABLE, selector, None, default)


def ai(instruction: str, *, clean: Any = None, default: Any = PydanticUndefined) -> Any:
    """A field that a language model fills: what it is, in a sentence. Costs money: see `ai_budget`."""
    return _field(Way.AI, instruction, clean, default)


def first(*sources: Any, default: Any = PydanticUndefined) -> Any:
    """A field with several sources: the first that gives a value that can be read counts."""
    found: list[FieldSource] = []
    for one in sources:
        found += _sources_of(one).sources
    if not found:
        raise ConfigError("first() has no sources", hint='sq.first(sq.css("h1"), sq.css("h2"))')
    return _as_field(_Sources(tuple(found)), default)


def each(source: Any, record: Any) -> Any:
    """A list of records: one for each element that a selector matches, or each object at a path.

    source: CSS as text, or `sq.xpath(...)`, `sq.structured(...)`, `sq.jmespath(...)`. The fields of
    `record` are looked for inside each. A field of type `Offer` instead of `list[Offer]` is the
    first of them.
    """
    sources = _sources_of(css(source) if isinstance(source, str) else source).sources
    return _as_field(_Sources(sources, record), PydanticUndefined)


def record_spec(record: Any) -> RecordSpec:
    """What `record` asks for: a subclass of `Record`, a dict, a RecordSpec, or the JSON of one.

    In a dict a value is CSS or XPath as in `custom_selectors` (text, or a list of one for all
    matches), a source (`sq.css(...)`), or a pair of a type and a source.

    Raises ConfigError naming the field and what to write instead.
    """
    if isinstance(record, RecordSpec):
        return record
    if isinstance(record, type) and issubclass(record, BaseModel):
        try:
            return _of_class(record)
        except RecursionError:
            raise ConfigError(
                f"{record.__name__} contains itself",
                hint="write another class for what is inside, without a field of its own kind",
            ) from None
    if isinstance(record, Mapping):
        fields = record.get("fields")
        if isinstance(fields, (list, tuple)) and any(isinstance(one, Mapping) for one in fields):
            try:
                return RecordSpec.model_validate(dict(record))
            except ValidationError as error:
                raise ConfigError(
                    f"the record is not one that was saved: {_first_problem(error)}",
                    hint="RecordSpec.model_dump_json() writes one",
                ) from None
        return _of_dict(record)
    raise ConfigError(
        f"record is {type(record).__name__}",
        hint='write a class, class Product(sq.Record), or a dict, {"title": "h1"}',
    )


# -- what is written ----------------------------------------------------------------------------


def _field(way: Way, query: str, clean: Any, default: Any) -> Any:
    if not isinstance(query, str) or not query.strip():
        raise ConfigError(f"sq.{way} is given {query!r:.60}", hint='write text: sq.css("h1")')
    try:
        source = FieldSource(way=way, query=query.strip(), clean=_steps(clean))
    except ValidationError as error:
        raise ConfigError(f"sq.{way}: {_first_problem(error)}", hint=_EXAMPLE) from None
    return _as_field(_Sources((source,)), default)


def _as_field(sources: _Sources, default: Any) -> Any:
    info: FieldInfo = Field() if default is PydanticUndefined else Field(default=default)
    info.metadata.append(sources)
    return info


def _sources_of(value: Any) -> _Sources:
    if isinstance(value, str):
        value = xpath(value) if value.strip().startswith(("/", "(", "./")) else css(value)
    if isinstance(value, FieldInfo):
        for one in value.metadata:
            if isinstance(one, _Sources):
                return one
    raise ConfigError(f"{value!r:.60} is no source", hint='write sq.css("h1") or the like')


def _steps(clean: Any) -> tuple[CleanStep, ...]:
    rules = clean if isinstance(clean, (list, tuple)) else () if clean is None else (clean,)
    steps = []
    for rule in rules:
        written = getattr(rule, "to_json", None)
        if written is None and not isinstance(rule, str):
            raise ConfigError(
                f"clean={rule!r:.60} is no rule that can travel to a worker",
                hint="use one of sq.clean, such as sq.clean.price, or its name",
            )
        steps.append(CleanStep.model_validate(written() if written else {"name": rule}))
    return tuple(steps)


# -- classes and dicts --------------------------------------------------------------------------


def _of_class(cls: type[BaseModel]) -> RecordSpec:
    decorators = cls.__pydantic_decorators__
    code = [
        *decorators.field_validators,
        *decorators.validators,
        *decorators.model_validators,
        *decorators.root_validators,
    ]
    if code:
        raise ConfigError(
            f"{cls.__name__}.{code[0]} is code, which does not travel to workers",
            hint="use bounds, Field(gt=0), and rules of sq.clean; or validate the rows of batch.df",
        )
    return _spec(cls.__name__, (_of_field(cls, name) for name in cls.model_fields))


def _of_field(cls: type[BaseModel], name: str) -> FieldSpec:
    info = cls.model_fields[name]
    where = f"{cls.__name__}.{name}"
    given = next((one for one in info.metadata if isinstance(one, _Sources)), None)
    if given is None:
        raise ConfigError(f"{where} does not say where it is found", hint=_EXAMPLE)
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    return _field_spec(
        where, info.alias or name, info.annotation, info.metadata, given=given, default=default
    )


def _of_dict(record: Mapping[Any, Any]) -> RecordSpec:
    fields = []
    for name, value in record.items():
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"{name!r:.60} is no name of a field", hint='write {"title": "h1"}')
        annotation, source = (
            value if isinstance(value, tuple) and len(value) == 2 else (None, value)
        )
        many = isinstance(source, list) and len(source) == 1
        info = source[0] if many else source
        if annotation is None:
            is_each = isinstance(info, FieldInfo) and _sources_of(info).record is not None
            annotation = list[Any] if is_each else list[str] if many else str | None
        metadata = info.metadata if isinstance(info, FieldInfo) else []
        default = None
        if isinstance(info, FieldInfo) and not info.is_required():
            default = info.get_default(call_default_factory=True)
        fields.append(
            _field_spec(
                f"record[{name!r}]",
                name,
                annotation,
                metadata,
                given=_sources_of(info),
                default=default,
            )
        )
    return _spec("record", fields)


def _spec(name: str, given: Iterable[FieldSpec]) -> RecordSpec:
    fields = tuple(given)
    if not fields:
        raise ConfigError(f"the record {name} has no fields", hint=_EXAMPLE)
    try:
        return RecordSpec(name=name[:100], fields=fields)
    except ValidationError as error:
        raise ConfigError(f"the record {name}: {_first_problem(error)}", hint=_EXAMPLE) from None


def _field_spec(
    where: str, name: str, annotation: Any, metadata: list[Any], *, given: _Sources, default: Any
) -> FieldSpec:
    is_list, is_optional = False, False
    item_rules: dict[str, Any] = {}
    outer = _bounds(where, metadata)
    annotation, more, is_optional = _opened(where, annotation)
    outer |= more
    if get_origin(annotation) in {list, Sequence} or annotation is list:
        is_list = True
        inner = (*get_args(annotation), str)[0]
        annotation, item_rules, _ = _opened(where, inner)
    kind, choices, inside = _type_of(where, annotation)
    record = given.record if given.record is not None else inside
    if record is not None and kind in {FieldType.TEXT, FieldType.JSON} and given.record is not None:
        kind = FieldType.RECORD  # of a dict, where each() alone says it
    if kind is FieldType.RECORD and record is None:
        raise ConfigError(f"{where} is a record without fields", hint='sq.each(".offer", Offer)')
    if record is not None and kind is not FieldType.RECORD:
        raise ConfigError(f"{where} is no list of records", hint="write offers: list[Offer]")
    if (kind is FieldType.TABLE) != any(one.way is Way.TABLE for one in given.sources):
        raise ConfigError(
            f"{where}: a table is a field of type pandas.DataFrame with sq.table",
            hint='write specs: pd.DataFrame | None = sq.table(".specs")',
        )
    try:
        return FieldSpec(
            name=name,
            type=kind,
            many=is_list,
            required=not is_optional and not is_list and default is None,
            sources=given.sources,
            rules=item_rules if is_list else outer,
            list_rules=outer if is_list else {},
            choices=choices,
            record=record_spec(record) if record is not None else None,
            default=_plain(where, default),
        )
    except ValidationError as error:
        raise ConfigError(f"{where}: {_first_problem(error)}", hint=_EXAMPLE) from None


def _opened(where: str, annotation: Any) -> tuple[Any, dict[str, Any], bool]:
    """An annotation without Annotated and None, the bounds in it, and whether it may be None."""
    rules: dict[str, Any] = {}
    is_optional = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *metadata = get_args(annotation)
            rules |= _bounds(where, metadata)
        elif origin in {Union, types.UnionType}:
            left = [one for one in get_args(annotation) if one is not type(None)]
            is_optional = is_optional or len(left) < len(get_args(annotation))
            if len(left) != 1:
                raise ConfigError(
                    f"{where} may be of several types", hint="choose one; `| None` is fine"
                )
            (annotation,) = left
        else:
            return annotation, rules, is_optional


_TYPES: dict[Any, FieldType] = {
    str: FieldType.TEXT,
    int: FieldType.INTEGER,
    float: FieldType.NUMBER,
    Decimal: FieldType.DECIMAL,
    bool: FieldType.FLAG,
    date: FieldType.DATE,
    datetime: FieldType.TIME,
    dict: FieldType.JSON,
    Any: FieldType.JSON,
}


def _type_of(where: str, annotation: Any) -> tuple[FieldType, tuple[Any, ...], Any]:
    """The type, the choices of a CHOICE, and the class of a RECORD."""
    origin = get_origin(annotation)
    if origin is Literal:
        return FieldType.CHOICE, get_args(annotation), None
    if origin is None and annotation in _TYPES:
        return _TYPES[annotation], (), None
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return FieldType.CHOICE, tuple(one.value for one in annotation), None
        if issubclass(annotation, BaseModel):
            return FieldType.RECORD, (), annotation
        if issubclass(annotation, AnyUrl) or annotation.__name__.endswith("Url"):
            return FieldType.URL, (), None
        module = annotation.__module__.partition(".")[0]
        if (module, annotation.__name__) == ("pandas", "DataFrame"):
            return FieldType.TABLE, (), None
    known = (
        "str, int, float, Decimal, bool, date, datetime, HttpUrl, Literal, Enum, DataFrame, Record"
    )
    raise ConfigError(
        f"{where} is of type {_name_of_type(annotation):.60}",
        hint=f"the types are {known}, each also in a list or with `| None`",
    )


def _name_of_type(annotation: Any) -> str:
    # A name that nothing has, in a module with `from __future__ import annotations`
    written = getattr(annotation, "__forward_arg__", None)
    return str(written or getattr(annotation, "__name__", annotation))


def _bounds(where: str, metadata: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in metadata:
        if isinstance(one, _Sources):
            continue
        if isinstance(one, FieldInfo):
            found |= _bounds(where, one.metadata)
        elif isinstance(one, GroupedMetadata):
            found |= _bounds(where, one)
        else:
            given = {name: value for name, value in _attributes(one).items() if value is not None}
            if not given or not given.keys() <= BOUNDS:
                raise ConfigError(
                    f"{where}: {type(one).__name__} does not travel to workers",
                    hint=f"the bounds that do are {', '.join(sorted(BOUNDS))}",
                )
            found |= {name: _plain(where, value) for name, value in given.items()}
    return found


def _attributes(value: Any) -> dict[str, Any]:
    slots = getattr(type(value), "__dataclass_fields__", None)
    return {name: getattr(value, name) for name in slots} if slots else dict(vars(value))


def _plain(where: str, value: Any) -> Any:
    """A bound or a default as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where}: {value} is no number that can be kept", hint="use None")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (Decimal, AnyUrl)):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_plain(where, one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(where, one) for name, one in value.items()}
    raise ConfigError(f"{where}: {value!r:.60} cannot be written as JSON", hint="use a plain value")


def _first_problem(error: ValidationError) -> str:
    one = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in one["loc"])
    message = str(one["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
