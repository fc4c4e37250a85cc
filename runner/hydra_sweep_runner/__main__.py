"""`python -m hydra_sweep_runner` is the `runner` command."""

from hydra_sweep_runner.cli.main import main

if __name__ == "__main__":
    main()
