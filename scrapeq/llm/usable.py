"""Whether a model answered at all: its text, or why there is none."""

from __future__ import annotations

import re

from scrapeq.llm.answer import Unusable, excerpt
from scrapeq.llm.endpoint import Reply

#: What some servers leave before the answer of a model that thinks aloud.
_THINKING = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


def usable_text(reply: Reply) -> str:
    """The text of an answer that is whole; raises Unusable for any other."""
    if reply.problem:
        raise Unusable(reply.problem)
    if reply.refusal:
        raise Unusable(f"the model refused: {excerpt(reply.refusal)}")
    if reply.finish_reason == "content_filter":
        raise Unusable("the endpoint's content filter withheld the answer")
    if reply.finish_reason == "length":
        raise Unusable(f"the answer broke off at the limit of tokens: {excerpt(reply.text)}")
    text = _THINKING.sub("", reply.text, count=1).strip()
    if not text:
        raise Unusable("the model's answer is empty")
    return text
