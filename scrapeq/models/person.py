"""Who speaks with the server: a person, by a token with a right."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from scrapeq import clock


class Right(StrEnum):
    """What a token lets its person do; each right includes those before it."""

    READ = "read"  # look at every batch of the project
    SUBMIT = "submit"  # and submit, and steer what one has submitted
    ADMINISTER = "administer"  # and steer everybody's, delete, read the audit log

    def includes(self, other: Right) -> bool:
        """Whether somebody with this right may do what needs the other one."""
        order = list(Right)
        return order.index(self) >= order.index(other)


class Person(BaseModel):
    """Somebody who sent a token: its right, and its id. The name is the owner of what they submit."""

    model_config = ConfigDict(frozen=True)

    name: str
    right: Right
    token_id: str


class AccessToken(BaseModel):
    """A token as it may be shown: never the token itself, which only its hash is kept of."""

    model_config = ConfigDict(frozen=True)

    id: str
    person: str
    right: Right
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def state(self) -> str:
        """valid, revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= clock.now() else "valid"


class AuditEntry(BaseModel):
    """Something that was changed over the server, or that somebody tried to change.

    address: of whoever asked, by a proxy before the server if that is trusted; "" where it is not known.
    action: the name of the request, like submit_batch; target: the id of a job or batch; "" where there is
    none. status: HTTP's status of the answer; None while it is under way, or where the server died in it.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    at: datetime
    person: str
    token_id: str
    address: str
    action: str
    target: str
    status: int | None
    result: str
