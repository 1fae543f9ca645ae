"""What holds for all tests."""

from hypothesis import settings

# The same examples every time, and no deadline for one: a busy machine must not decide whether the suite passes.
# `pytest --hypothesis-profile=default` looks for new examples.
settings.load_profile("ci")
