"""Session policies: what an assumed role was limited to when it was assumed."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase

from auditor.demo.protocol import ServiceError

_LONGEST = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """Patterns of action names, in lower case; resources and conditions are not looked at."""

    allowed: tuple[str, ...]
    denied: tuple[str, ...]

    def permits(self, action: str) -> bool:
        """Whether the policy lets an action like `iam:ListUsers` pass."""
        name = action.lower()
        if any(fnmatchcase(name, pattern) for pattern in self.denied):
            return False

        return any(fnmatchcase(name, pattern) for pattern in self.allowed)


def parse_policy(text: str) -> SessionPolicy:
    """The policy of a JSON document; a MalformedPolicyDocument error where it is none."""
    if len(text) > _LONGEST:
        message = f"Member policy must have length less than or equal to {_LONGEST}"
        raise ServiceError("ValidationError", message)

    try:
        statements = json.loads(text)["Statement"]
        listed = statements if isinstance(statements, list) else [statements]
        patterns = [(statement["Effect"], _actions(statement["Action"])) for statement in listed]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceError("MalformedPolicyDocument", "Syntax errors in policy.") from error

    return SessionPolicy(
        allowed=tuple(action for effect, actions in patterns if effect == "Allow" for action in actions),
        denied=tuple(action for effect, actions in patterns if effect == "Deny" for action in actions),
    )


def _actions(named: str | list[str]) -> tuple[str, ...]:
    return tuple(action.lower() for action in ([named] if isinstance(named, str) else named))
