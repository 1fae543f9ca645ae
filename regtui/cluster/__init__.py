"""Runs as tasks of a Ray cluster: where they are made is Ray's business, what they say arrives as from any worker.

Ray places the tasks, makes those of lost nodes and killed processes again, cancels them and carries what they say.
"""
