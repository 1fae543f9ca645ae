"""The search for a stack: trials chosen by Optuna on the validation split, reported once on the test split."""
