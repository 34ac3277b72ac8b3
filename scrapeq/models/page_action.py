"""What a browser is to do on a page before it is read: as data, never as code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

#: Actions of one page, and scrolls of one action: enough for a long form, and for 100 screens of a list.
MOST_ACTIONS, MOST_SCROLLS = 50, 100
#: Seconds of one `wait`.
MOST_WAIT_S = 60

Selector = Annotated[str, Field(min_length=1, max_length=1000)]
Key = Annotated[str, Field(min_length=1, max_length=40)]
_FORM = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Fill(BaseModel):
    """A value for an input, a text area or an editable element; `env:NAME` is read on the worker."""

    model_config = _FORM

    selector: Selector
    value: SecretStr


class Press(BaseModel):
    """A key pressed in an element."""

    model_config = _FORM

    selector: Selector
    key: Key


class Select(BaseModel):
    """An option of a `<select>`, by its value or its label."""

    model_config = _FORM

    selector: Selector
    value: Annotated[str, Field(max_length=1000)]


#: How each action is written; for messages and documentation.
FORMS = {
    "click": '{"click": "#more"}',
    "fill": '{"fill": {"selector": "#query", "value": "shoes"}}',
    "press": '{"press": "Enter"} or {"press": {"selector": "#query", "key": "Enter"}}',
    "select": '{"select": {"selector": "#size", "value": "XL"}}',
    "scroll": f'{{"scroll": "end"}} or {{"scroll": 3}}, at most {MOST_SCROLLS}',
    "wait_for": '{"wait_for": ".price"} or {"wait_for": "text=Add to cart"}',
    "wait": f'{{"wait": 2}}, seconds, at most {MOST_WAIT_S}',
}


class PageAction(BaseModel):
    """One action: exactly one of the fields is set. Its JSON is the form in which it is written.

    Raises pydantic's ValidationError with the right form; it never repeats a value.
    """

    model_config = _FORM

    click: Selector | None = None
    fill: Fill | None = None
    press: Key | Press | None = None
    select: Select | None = None
    scroll: Literal["end"] | Annotated[int, Field(ge=1, le=MOST_SCROLLS, strict=True)] | None = None
    wait_for: Selector | None = None
    wait: Annotated[float, Field(gt=0, le=MOST_WAIT_S)] | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _is_one_form(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        if isinstance(data, PageAction):
            return handler(data)
        if not isinstance(data, dict) or len(data) != 1 or None in data.values():
            raise ValueError(
                f"an action is a dict with one entry, like {FORMS['click']}; "
                f"the actions are {', '.join(FORMS)}"
            )
        (name,) = data
        if name not in FORMS:
            raise ValueError(
                f"there is no action {str(name)[:40]!r}; the actions are {', '.join(FORMS)}"
            )
        try:
            return handler(data)
        except ValueError:  # pydantic's ValidationError is one; what was given may be a secret
            raise ValueError(f"{name} is written {FORMS[name]}") from None

    @property
    def name(self) -> str:
        """Which of the fields is set."""
        (name,) = self.model_fields_set
        return name

    @property
    def words(self) -> str:
        """The action as it may be shown: "click '#more'"; a filled value is left out."""
        about = getattr(self, self.name)
        if isinstance(about, Press):
            return f"press {about.key!r} in {about.selector!r}"
        if isinstance(about, Select):
            return f"select {about.value!r} in {about.selector!r}"
        return f"{self.name} {about.selector if isinstance(about, Fill) else about!r}"

    def __str__(self) -> str:
        return self.words


def listed(value: Any) -> Any:
    """Actions as a list: also from JSON as text, and from one action alone. Raises ValueError."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else []
        except ValueError:  # its text may have a secret in it
            raise ValueError(f"actions are not written as JSON; write [{FORMS['click']}]") from None
    return [value] if isinstance(value, dict) else value
