"""Evaluation: an owner's own questions, asked of the published index, and what the replies are worth."""
