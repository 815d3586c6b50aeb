"""Reads what an author says about an action, in a runbook or in a manifest's entry; `spec.make_spec` judges it."""

from collections.abc import Mapping
from typing import Final

from opsconsole.actions.spec import SPEC_FIELDS
from opsconsole.actions.yaml_keys import Keys
from opsconsole.config.loader import Node, Scalar, Seq, plain

_TYPED: Final = ("idempotent", "max_parallel", "stop_on_failure", "max_targets")


def read_told(keys: Keys) -> Mapping[str, object]:
    """Read the fields that are there, by the names in SPEC_FIELDS."""
    nodes = ((field, keys.node(field)) for field in SPEC_FIELDS)
    return {field: _told(keys, field, node) for field, node in nodes if node is not None}


def _told(keys: Keys, field: str, node: Node) -> object:
    """Numbers and truths keep their type; keys may be a list of letters; everything else is text as written."""
    if field == "keys" and isinstance(node, Seq):
        return " ".join(keys.words(field) or ())
    found: object = plain(node)
    return node.text if isinstance(node, Scalar) and field not in _TYPED else found
