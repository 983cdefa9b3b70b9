"""The best plain NumPy form of every kernel: what the kernels are timed against.

Each function takes the operands and returns the function to time. Temporaries are allocated once, before, and
written with `out=`: NumPy loses no time to fresh memory, though the kernels allocate their results.
"""
