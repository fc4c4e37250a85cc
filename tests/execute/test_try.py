def test_all(world):
    world.write("lib.py", "def f(x):\n    print('hi', x)\n    return x + 1\n")
    t = [world.script("x = 1\nprint(x)", x=5), world.shell("echo a; echo b >&2; exit 3"), world.function("lib.f", x=3)]
    for r in world.ends(*t):
        print(r.state, r.result, world.log(r))
    print(world.reporter.pieces)
    t = [world.script("x = 1\nprint(x)", x=5), world.shell("echo a; echo b >&2; exit 3"), world.function("lib.f", x=3)]
    for r in world.ends(*t, n_jobs=2):
        print(r.state.status, r.result, world.log(r))
    print(world.reporter.blocks)
    assert 0
