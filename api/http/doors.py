"""What stands between the network and the core: given to the application, chosen by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from api.identity.callers import Caller, Doorman


class Audit(Protocol):
    def write(self, who: str, did: str, what: str) -> None:
        """Raises FootnoteError where it cannot be written: what cannot be audited is not done."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """`doorman` says who a caller is. `audit` is told what admins look at; None where nobody needs a credential."""

    doorman: Doorman = field(default_factory=Doorman)
    audit: Audit | None = None

    def looked(self, caller: Caller, what: str) -> None:
        """The local user has the files themselves."""
        if self.audit is not None and self.doorman.locked:
            self.audit.write(caller.principal.name, "look", what)
