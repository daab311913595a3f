"""A lesson on screen: where the learner is in it, its text, and the workspace beside it."""
