"""The engine: torch, never textual. Takes a spec, trains, measures, reports events."""
