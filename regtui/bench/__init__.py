"""This machine's engine against a plain PyTorch loop, side by side in one run.

What is compared is measured in turns, in short slices, so that whatever else the machine does falls on all alike; a
ratio is the median over slices that are neighbours in time, by the clock and in CPU time. PyTorch is loaded in
processes of their own: `stepper` takes training steps in every way that is compared, and the workers are the product's
own.
"""
