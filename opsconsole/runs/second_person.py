"""Whether two people are two people, by what the kernel says of them; pure."""

from opsconsole.model.policy import Person


def why_no_second(first: Person, second: Person) -> str:
    """Say why somebody does not count as a second person beside the first; empty: they do.

    An account and an audit login are told apart by their numbers. Who came by su or sudo is still who logged in;
    on an account that both share only logins of their own make them two.
    """
    if second.uid < 0 or first.uid < 0:
        return "who asks is not known by an account"
    if second.name == first.name:
        return f"{second.name} asked for it: somebody else has to agree"
    if second.uid == 0 and not _is_personal(second):
        return "root is nobody in particular: agree from a login of your own"
    if first.uid == second.uid:
        return _why_not_apart(first, second)
    if _numbers(first) & _numbers(second):
        return f"{second.name} is logged in as {first.name}, who asked for it"
    return ""


def _why_not_apart(first: Person, second: Person) -> str:
    if not (_is_personal(first) and _is_personal(second)):
        return (
            "both use one account, and not both have a login of their own: who is who is not known"
        )
    return "" if first.login != second.login else f"{second.name} asked for it"


def _is_personal(person: Person) -> bool:
    """Tell whether the audit login is somebody else's than the account's: a person's, who came by su or sudo."""
    return person.login is not None and person.login not in (0, person.uid)


def _numbers(person: Person) -> set[int]:
    return {person.uid} | ({person.login} if person.login is not None else set())
