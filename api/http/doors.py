"""What stands between the network and the core: given to the application, chosen by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from api.http.limits import Limits
from api.identity.callers import Caller, Doorman


class Audit(Protocol):
    def write(self, who: str, did: str, what: str) -> None:
        """Raises FootnoteError where it cannot be written: what cannot be audited is not done."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """`doorman` says who a caller is. `audit` is told what admins look at; None where nobody needs a credential. So many
    questions as `most_at_work` are worked on at once; more are turned away. Without credentials the server answers under this machine's own
    names alone, unless `any_host`."""

    doorman: Doorman = field(default_factory=Doorman)
    audit: Audit | None = None
    limits: Limits = field(default_factory=Limits)
    most_at_work: int = 32
    any_host: bool = False

    def looked(self, caller: Caller, what: str) -> None:
        """The local user has the files themselves."""
        if self.audit is not None and self.doorman.locked:
            self.audit.write(caller.principal.name, "look", what)

    def loopback_only(self) -> bool:
        return not self.any_host and not self.doorman.locked
