"""Configurations: the only place, but for the edge, that uses Hydra and OmegaConf. `composer`
composes, `base` and `trial` hold the result, `pipeline` composes steps, `overrides` and `sweeps`
read what was typed, `reference` reads flags, `reading` and `yaml_files` copy a project's YAML,
`explain` says what is wrong.
"""
