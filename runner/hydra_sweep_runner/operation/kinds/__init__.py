"""The kinds of operations, a module each, behind the Protocol in `kind`; `known` lists them."""
