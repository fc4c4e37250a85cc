"""The `runner` command. `main` dispatches: `project` for overrides, and a module for each group of
management commands, which parses with click and calls `commands`.
"""
