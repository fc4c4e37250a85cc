"""Starts runs and batches. A start is composed (`composing`), planned (`plan_sweep`; a search:
`search_plan`); `restart` finds what to restart. `batch` and `single` bring it together: `batch`
reconciles a restart's plan with the trials that are there (`planning.reconcile`), `carry_out`
records it, and `trial_source` gives its trials to an executor. A pipeline's own parts are in
`pipeline`.
"""
