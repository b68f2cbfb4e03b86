"""`make bench`: what the budgets of docs/architecture.md come to on this machine.

Everything is measured in one run and, where that makes sense, as a ratio to a bare Flask page
behind the same server and middleware, so that a busy or slow machine does not change the verdict.
"""
