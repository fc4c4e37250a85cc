"""Advice that both the project's command line and the management commands give."""

#: What shows the best trial of the newest batch.
BEST = "runner compare last:batch --min SCALAR -n 1 (or --max)"
