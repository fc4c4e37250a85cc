"""Composition: the one place, beside the plugins, that touches Hydra and OmegaConf.

`grammar` reads override strings, `project` finds the YAML and keeps copies of it, `composer`
composes, `reference` reads flags off a configuration, `job` enters a run's configuration.
"""
