"""YAML runbooks: what is read, and that every mistake is told at its place."""

import pytest

from opsconsole.actions.api import Ctx, Host, Plugin, Rollout
from opsconsole.actions.python_action import make_action
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import ConfigError
from opsconsole.model.states import Confirm, Effect

HEAD = """api: 1
id: acme.x
title: X
scope: host
effect: {effect}
idempotent: true
needs: [ssh, "sudo:systemctl"]
params:
  unit: {{type: unit}}
  body: {{type: text, required: false}}
  word: {{type: str, required: false}}
steps:
"""


def read(steps: str, effect: str = "write") -> object:
    return read_runbook(HEAD.format(effect=effect) + steps, "x.yaml")


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read_runbook(text, "x.yaml")
    return [str(mistake) for mistake in raised.value.mistakes]


def test_a_step_of_a_reading_action_reads_and_of_a_writing_one_writes() -> None:
    step = "  - {id: a, run: [uptime]}\n"

    assert read(step, "read").impl._runbook.steps[0].effect is Effect.READ
    assert read(step, "write").impl._runbook.steps[0].effect is Effect.WRITE


def test_confirmation_is_never_weaker_than_the_effect() -> None:
    text = HEAD.format(effect="destructive").replace("steps:", "confirm: none\nsteps:")

    assert read_runbook(text + "  - {id: a, run: [x]}\n", "x").spec.confirm is Confirm.TYPED


@pytest.mark.parametrize(
    ("said", "at_once"),
    [
        ("rollout: {max_parallel: 32}", (32, 32)),
        ("rollout: {canary: 1}\nmax_parallel: 20", (20, 20)),
        ("rollout: {max_parallel: 32}\nmax_parallel: 8", (8, 32)),
        ("rollout: {canary: 1}", (8, 8)),
    ],
)
def test_how_many_at_once_holds_for_action_and_rollout_where_one_of_them_says_it(
    said: str, at_once: tuple[int, int]
) -> None:
    text = HEAD.format(effect="write").replace("steps:", f"{said}\nsteps:")

    spec = read_runbook(text + "  - {id: a, run: [x]}\n", "x").spec

    assert (spec.max_parallel, spec.rollout.max_parallel) == at_once


@pytest.mark.parametrize(
    ("rollout", "beside", "at_once"),
    [
        ({"max_parallel": 8}, {"max_parallel": 32}, (32, 8)),
        ({"max_parallel": 32}, {"max_parallel": 8}, (8, 32)),
        ({"max_parallel": 32}, {}, (32, 32)),
        ({}, {"max_parallel": 20}, (20, 20)),
        ({}, {}, (8, 8)),
    ],
)
def test_python_says_how_many_at_once_as_a_runbook_does(
    rollout: dict[str, int], beside: dict[str, int], at_once: tuple[int, int]
) -> None:
    plugin = Plugin("acme")
    declare = plugin.action(
        "work", title="Work", scope="host", effect="write", idempotent=True,
        rollout=Rollout(canary=1, **rollout), **beside,
    )  # fmt: skip
    declare(_nothing)

    spec = make_action(plugin.actions[0], "acme", "", b"").spec

    assert (spec.max_parallel, spec.rollout.max_parallel) == at_once


async def _nothing(ctx: Ctx, host: Host) -> None:
    del ctx, host


def test_the_digest_covers_the_content() -> None:
    one = read("  - {id: a, run: [uptime]}\n")
    other = read("  - {id: a, run: [uptimes]}\n")

    assert one.spec.digest != other.spec.digest


WRONG = [
    ("  - {id: a, runn: [x]}\n", "x.yaml:13:13: runn: a step has no such key, did you mean run"),
    ("  - {id: a}\n", "x.yaml:13:5: a step has exactly one of run, sh, http, use, check, until,"),
    ("  - {id: a, run: [x], note: y}\n", "a step has exactly one of"),
    ("  - {id: a, run: [x]}\n  - {id: a, run: [x]}\n", "x.yaml:14:6: id: a is used twice"),
    ('  - {id: a, run: ["${params.unit}"]}\n', "the program itself may not be a reference"),
    ('  - {id: a, run: [x, "${params.unti}"]}\n', "there is no parameter unti"),
    ('  - {id: a, run: [x, "${params.unit}${target.name}"]}\n', "one reference an element"),
    ('  - {id: a, run: [x, "${nope.x}"]}\n', "refers to nothing"),
    ('  - {id: a, run: [x, "${params.word}"]}\n', "put -- before ${params.word}"),
    ('  - {id: a, run: [x, "${params.body}"]}\n', "only stdin takes it"),
    ('  - {id: a, run: [x, "${save.b.text}"]}\n', "no step before this one is called b"),
    ('  - {id: a, run: "systemctl restart x"}\n', "must be a list"),
    ('  - {id: a, sh: "systemctl restart ${params.unit}"}\n', "a script is constant"),
    ("  - {id: a, sh: x, env: {LD_PRELOAD: y}}\n", "is not a name that may be set"),
    ("  - {id: a, sh: x, env: {A: y}, sudo: systemctl}\n", "sudo drops it"),
    ("  - {id: a, run: [x], sudo: postgres}\n", "needs: sudo:postgres is used and not declared"),
    ("  - {id: a, run: [x], timeout: 2d}\n", "timeout must be above 0 and at most 1h"),
    ("  - {id: a, run: [x], timeout: forever}\n", "a duration looks like"),
    ("  - {id: a, run: [x], ok: [0, x]}\n", "must be a list of exit codes"),
    ("  - {id: a, run: [x], when: params.unit = 3}\n", "when: "),
    ("  - {id: a, run: [x], expect: {matches: '('}}\n", "matches: "),
    ("  - {id: a, until: {run: [x], every: 2s}}\n", "for: is missing in until"),
    ("  - {id: a, wait: 2s, on_fail: asked}\n", "is stop, continue or ask"),
    ("  - {id: a, http: {client: lb, path: /x}}\n", "needs: http:lb is used and not declared"),
    ("  - {id: a, http: {client: lb, path: x}}\n", "path: must begin with /"),
    (
        "  - {id: a, http: {clnt: lb, path: /x}}\n",
        "clnt: http has no such key, did you mean client",
    ),
    ("  - {id: a, http: {client: '${params.unit}', path: /x}}\n", "client: may not be a reference"),
    (
        "  - {id: a, http: {client: lb, method: '${params.unit}', path: /}}\n",
        "method: may not be a reference",
    ),
    ("  - {id: a, http: {client: lb, method: PUTT, path: /}}\n", "did you mean PUT"),
    (
        "  - {id: a, effect: read, http: {client: lb, method: PUT, path: /}}\n",
        "PUT changes something: it cannot be a read",
    ),
    ("  - {id: '${params.unit}', run: [x]}\n", "id: may not be a reference"),
    ("  - {id: a, run: [x], effect: '${params.unit}'}\n", "effect: may not be a reference"),
    ("  - {id: a, run: [x], sudo: '${params.unit}'}\n", "sudo: is the name of a sudo profile"),
    ("  - {id: a, use: lb-undrain}\n", "is no action id"),
    ("  - {id: a, use: '${params.unit}'}\n", "use: may not be a reference"),
    ("  - {id: a, run: [x], with: {a: b}}\n", "with: belongs to use: or check:, not to run:"),
    ("  - {id: a, run: [x], args: [y]}\n", "args: belongs to sh:, not to run:"),
    ("  - {id: a, until: {run: [x], check: y, for: 2s}}\n", "until has exactly one of run, check"),
    ("  - {id: a, until: {check: y, expect: {code: 0}, for: 2s}}\n", "expect: belongs to run:"),
    ("  - {id: a, until: {run: [x], for: 2s, stable: 0}}\n", "stable: must be from 1 to 100"),
    ("  - {id: a, ask: {}}\n", "must name at least one parameter"),
    ("  - {id: a, ask: {x: {type: strr}}}\n", "there is no type strr, did you mean str"),
    (
        "  - {id: a, ask: {x: {type: int}}}\n  - {id: b, run: [x, '${save.a.text}']}\n",
        "a asks for x, not text",
    ),
    ("  - {id: a, run: [x], undo: [{id: b, run: [y], undo: []}]}\n", "an undo is not undone"),
    (
        "  - {id: a, effect: read, run: [x], undo: [{id: b, run: [y]}]}\n",
        "a read has nothing to undo",
    ),
    ("  - {id: a, run: [x], undo: [{id: a, run: [y]}]}\n", "id: a is used twice"),
    ("  - {id: a, run: [x], retries: {count: 99}}\n", "count: must be from 1 to 10"),
    ("  - {id: a, run: [x], retries: {count: 2, on: [exits]}}\n", "did you mean exit"),
    ("  - {id: a, run: [x], on: consol}\n", "did you mean console"),
    ("  - {id: a, run: [x], on: console}\n", "needs: local is used and not declared"),
    ("  - {id: a, wait: 1s, on: console}\n", "only run: and sh: are done on the console's machine"),
    ("  - {id: a, put: {src: a, dest: /x}}\n", "the plugin has no files/a"),
    ("  - {id: a, put: {dest: /x}}\n", "put has exactly one of src, text"),
    ("  - {id: a, put: {text: x, dest: /x, mode: 999}}\n", "is no file mode"),
    ("  - {id: a, get: {src: /x, dest: ../y}}\n", "is no plain file name"),
    ("  - {id: a, run: [x], expect: {json: {path: '$[', value: 1}}}\n", "path: "),
    (
        "  - {id: a, run: [x], expect: {json: {path: $.a, op: '~', value: 1}}}\n",
        "op: must be one of",
    ),
    ("  - {id: a, run: [x], expect: {json: {path: $.a}}}\n", "value: is missing"),
    ("  - {id: a, pause: x, effect: write}\n", "this only reads"),
    ("  - {id: a, wait: soon}\n", "a duration looks like"),
]


@pytest.mark.parametrize(("steps", "words"), WRONG)
def test_a_wrong_step_is_told_with_its_place(steps: str, words: str) -> None:
    told = mistakes(HEAD.format(effect="write") + steps)

    assert any(words in mistake for mistake in told), told
    assert all(mistake.startswith("x.yaml:") for mistake in told)


def test_a_write_in_a_reading_action_is_refused() -> None:
    told = mistakes(HEAD.format(effect="read") + "  - {id: a, run: [x], effect: write}\n")

    assert told == ["x.yaml:13:23: effect: only reads may stand here"]


HEADS = [
    ("title: X", "title: X\ntargets: hosts", "targets must be one of"),
    ("title: X", "title: X\nlocks: ['x:${save.a.text}']", "may refer to params, target, service"),
    ("title: X", "title: X\nlocks: ['x:${params.nope}']", "there is no parameter nope"),
    ("title: X", "title: X\nrollout:\n  canary: {bake: soon}", "x.yaml:5:12: rollout: canary.bake"),
    (
        "idempotent: true",
        "idempotent: false",
        "retries: only an idempotent action may try a write again",
    ),
    ("effect: write", "effect: wrte", "effect must be one of read, write, destructive"),
    ("effect: write\n", "", "effect is missing"),
    ("idempotent: true\n", "", "idempotent is missing"),
    ("id: acme.x", "id: Acme", "is no action id"),
    ("api: 1", "api: 2", "this version reads api: 1"),
    ("scope: host", "scope: hosts", "scope must be one of"),
    ("title: X", "titel: X", "titel: a runbook has no such key, did you mean title"),
    ("title: X", "title: X\nmatch: alert.nme == 3 and", "match: "),
    ("title: X", "title: X\nrollout: {canary: 0}", "rollout: canary: must be at least 1"),
    ("type: unit", "type: untl", "there is no type untl"),
    (
        "type: unit",
        "type: unit, default: '${save.x.text}'",
        "may refer to alert, target and service",
    ),
    ('needs: [ssh, "sudo:systemctl"]', "needs: [telnet]", "nobody can give 'telnet'"),
]


@pytest.mark.parametrize(("old", "new", "words"), HEADS)
def test_a_wrong_head_is_told_with_its_place(old: str, new: str, words: str) -> None:
    step = "  - {id: a, run: [x], retries: {count: 1}}\n"
    text = (HEAD.format(effect="write") + step).replace(old, new)

    told = mistakes(text)

    assert any(words in mistake for mistake in told), told


def test_a_step_that_destroys_is_not_passed_over() -> None:
    told = mistakes(
        HEAD.format(effect="destructive") + "  - {id: a, run: [x], on_fail: continue}\n"
    )

    assert told == ["x.yaml:13:23: on_fail: a destructive step that failed is not passed over"]


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = HEAD.format(effect="write").replace("title: X\n", "") + "  - {id: a, runn: [x]}\n"

    assert len(mistakes(text)) >= 2


def test_hostile_yaml_is_a_mistake_and_nothing_worse() -> None:
    for text in ("", "[]", "{", "a: &a [*a]", "!!python/object/apply:os.system [id]", "\x00"):
        assert mistakes(text)
