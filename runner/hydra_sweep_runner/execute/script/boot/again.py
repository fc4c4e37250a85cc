"""The script that is running, once more: multiprocessing's children import it as their main,
and a process that a script starts as `python -m __main__.__spec__.name` is it.

Not to be imported otherwise.
"""

if __name__ == "__mp_main__":
    from hydra_sweep_runner.execute.script.boot.run import run_again

    run_again(globals())
elif __name__ == "__main__":
    from hydra_sweep_runner.execute.script.boot.run import main_again

    main_again()
