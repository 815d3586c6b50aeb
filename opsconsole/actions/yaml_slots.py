"""Reads what may hold references: argument lists, texts, paths and JSON; each checked for what may stand there."""

from collections.abc import Mapping, Sequence

from opsconsole.actions.reference import SAVED, Ref, Template, parse_template
from opsconsole.actions.runbook import JsonMap
from opsconsole.actions.yaml_keys import Keys
from opsconsole.config.loader import Map, Node, Scalar, Seq
from opsconsole.config.problems import did_you_mean

ANSWERS = Mapping[str, Sequence[str]]


class SlotReader:
    """Reads templates; knows which parameters and earlier steps there are."""

    def __init__(self, params: Mapping[str, str]) -> None:
        """Set up; `params` gives the type of each parameter by its name."""
        self.params = params
        self.ids: set[str] = set()
        """Steps so far."""
        self.saves: set[str] = set()
        """Names that `save:` gave so far."""
        self.answers: dict[str, Sequence[str]] = {}
        """Parameters of `ask:` steps so far, by step."""

    def argv(self, keys: Keys, key: str) -> tuple[Template, ...]:
        """Read an argument list; its program is constant, and no value may be read as an option."""
        words = keys.words(key) or ()
        if not words:
            keys.wrong(key, "must be a list of arguments: [program, argument, ...]")
        slots = tuple(self.slot(keys, key, word) for word in words)
        if slots and any(slots[0].refs):
            keys.wrong(key, "the program itself may not be a reference")
        self._check_options(keys, key, words, slots)
        return slots

    def _check_options(
        self, keys: Keys, key: str, words: tuple[str, ...], slots: tuple[Template, ...]
    ) -> None:
        """A text of free choice must stand behind `--` or a literal prefix: it could be an option."""
        for word, slot in zip(words, slots, strict=True):
            if word == "--":
                return
            first = slot.parts[0] if slot.parts else ""
            if isinstance(first, Ref) and self.params.get(first.path) == "str":
                keys.wrong(key, f"put -- before {word}: a text may begin with a dash")

    def slot(self, keys: Keys, key: str, text: str) -> Template:
        """Read one argument."""
        template = self.template(keys, key, text)
        if len(list(template.refs)) > 1:
            keys.wrong(key, f"{text!r}: one reference an element")
        return template

    def template(self, keys: Keys, key: str, text: str, *, stdin: bool = False) -> Template:
        """Read text with references; `stdin` says that many lines and secrets may go there."""
        try:
            template = parse_template(text)
        except ValueError as error:
            keys.wrong(key, str(error))
            return Template((text,))
        for ref in template.refs:
            self._check_ref(keys, key, ref, stdin=stdin)
            kind = self.params.get(ref.path) if ref.root == "params" else None
            if kind == "secret" and len(template.parts) > 1:
                keys.wrong(key, f"{ref.path} is a secret: it stands alone")
        return template

    def pairs(self, keys: Keys, key: str) -> tuple[tuple[str, Template], ...]:
        """Read a mapping of texts with references; a list is joined with commas."""
        inner = Keys(keys.node(key), keys.problems, key) if key in keys.given else None
        if inner is None:
            return ()
        found = []
        for name in inner.given:
            node = inner.node(name)
            text = ",".join(inner.words(name) or ()) if isinstance(node, Seq) else inner.text(name)
            found.append((name, self.template(inner, name, text or "")))
        return tuple(found)

    def tree(self, keys: Keys, key: str, node: Node) -> object:
        """Read JSON whose texts may hold references; a text that is one reference keeps its parameter's type."""
        match node:
            case Map():
                if any("${" in name for name in node.entries):
                    keys.wrong(key, "a name may not be a reference")
                pairs = ((name, self.tree(keys, key, each)) for name, each in node.entries.items())
                return JsonMap(tuple(pairs))
            case Seq():
                return tuple(self.tree(keys, key, each) for each in node.items)
            case Scalar():
                is_text = isinstance(node.value, str)
                return self.template(keys, key, node.text) if is_text else node.value

    def constant(self, keys: Keys, key: str, text: str) -> str:
        """Read a word that may not be a reference."""
        if "${" in text:
            keys.wrong(key, "may not be a reference: it must be known before anything is run")
        return text

    def _check_ref(self, keys: Keys, key: str, ref: Ref, *, stdin: bool) -> None:
        if ref.root == "params":
            kind = self.params.get(ref.path)
            if kind is None:
                near = did_you_mean(ref.path, self.params)
                keys.wrong(key, f"there is no parameter {ref.path}{near}")
            elif kind == "text" and not stdin:
                keys.wrong(key, f"{ref.path} is a text of many lines: only stdin takes it")
            elif kind == "secret" and not stdin:
                keys.wrong(key, f"{ref.path} is a secret: only stdin takes it")
        elif ref.root == "save":
            self._check_save(keys, key, ref)

    def _check_save(self, keys: Keys, key: str, ref: Ref) -> None:
        step, _, what = ref.path.rpartition(".")
        if step not in self.ids | self.saves:
            near = did_you_mean(step, self.ids | self.saves)
            keys.wrong(key, f"no step before this one is called {step}{near}")
        elif step in self.answers:
            if what not in self.answers[step]:
                keys.wrong(key, f"{step} asks for {', '.join(self.answers[step])}, not {what}")
        elif what not in SAVED:
            keys.wrong(key, f"${{{ref}}}: a saved step has .text and .code")
