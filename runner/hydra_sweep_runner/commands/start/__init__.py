"""Starts runs and batches. A start is composed (`composing`), planned (`plan_sweep`; a search:
`search_plan`) or, for a restart, reconciled (`restart`); `batch` and `single` bring it together,
`carry_out` records it, and `trial_source` gives its trials to an executor. A pipeline's own parts
are in `pipeline`.
"""
