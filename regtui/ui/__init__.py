"""The screens: textual and charts; never torch, numpy or the engine."""
