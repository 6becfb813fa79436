"""The methods that the workflow calls."""

import digdag

SEEDS_PER_BED = 12


class MyClass:
    def count(self, beds):
        """`beds` is a parameter; what is stored is a parameter of the tasks that follow."""
        digdag.env.store(seeds=beds * SEEDS_PER_BED)


def tell(session_date, seeds):
    print(f"On {session_date} {seeds} seeds were sown.")
