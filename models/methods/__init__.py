"""One method, one file, in the folder of its family.

To add one:

1. Write `models/methods/<family>/<name>.py`, at most 200 lines: docstring with idea and objective, `SPEC`,
   a frozen dataclass of hyper-parameters declared with `param(...)`, a pure loss function, the class with
   the hooks that the paper needs, and `picture()`, a small chart of the loss at work. Terms that another
   method has too belong in `models/losses`. Another method is never imported.
2. Add one line to `models/registry.py`. From then on `tests/contract/test_methods_contract.py` tests it.
3. Test the paper's numbers in `tests/models/methods/test_<name>.py`; each test names the section it is from.
4. `python -m models tune --methods <name>` searches its learning rate on train images, as for every other
   method; the rate that it chooses goes into the recipe.
5. `make zoo` trains it, and writes the card that the app shows.

What must survive training is a parameter or a persistent buffer; what only training needs (hash centres,
memory banks) is a buffer with `persistent=False`, filled in `before_fit`.
"""
