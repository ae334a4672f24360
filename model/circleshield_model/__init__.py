"""Text to score: normalising, features, scorer, artefact."""
