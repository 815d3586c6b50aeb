"""The one expression language: filter line, check assertions, rules, a runbook's `match`; pure.

`parser.parse` reads an expression against a `fields.Context`; `evaluator.evaluate` gives its value
over an `Env`; `filter_line.compile_filter` reads the filter line's shorthand; `assertion.judge`
evaluates a check's assertion and says what was seen; `contexts` holds the tables and environments.
"""
