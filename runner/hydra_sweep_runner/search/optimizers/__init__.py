"""The optimizers behind one interface; `choose` finds one by its name."""
