"""Runs the running script again: in multiprocessing's children, which import this module as their
main, and in a process that a script starts as `python -m __main__.__spec__.name`.

Do not import it otherwise.
"""

if __name__ == "__mp_main__":
    from hydra_sweep_runner.execute.script.boot.run import run_again

    run_again(globals())
elif __name__ == "__main__":
    from hydra_sweep_runner.execute.script.boot.run import main_again

    main_again()
