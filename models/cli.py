"""`python -m models <command>`: the library from a shell. Being written by helper N (see git log)."""
