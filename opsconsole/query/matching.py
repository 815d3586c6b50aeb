"""How well a typed word fits a name: pieces of words, in order, as fuzzy finders do it."""


def fuzzy_matches(word: str, name: str, text: str) -> bool:
    """Tell whether a lower-case word is part of a text, or abbreviates a name (`wp14`: `web-prod-14`).

    An abbreviation's letters stand in the name in order, each going on from the one before it or
    beginning a part of the name; that keeps `db` from finding `dashboard`.
    """
    return word in text or abbreviates(word, name)


def abbreviates(word: str, name: str) -> bool:
    """Tell whether a lower-case word abbreviates a lower-case name."""
    if not word or len(word) > len(name):
        return not word
    reached = {-1}
    for index, char in enumerate(word):
        reached = {
            at
            for at, other in enumerate(name)
            if other == char
            and (
                (index and at - 1 in reached)
                or (_begins_part(name, at) and any(r < at for r in reached))
            )
        }
        if not reached:
            return False
    return True


def _begins_part(name: str, at: int) -> bool:
    if at == 0:
        return True
    before, here = name[at - 1], name[at]
    return not before.isalnum() or before.isdigit() != here.isdigit()
