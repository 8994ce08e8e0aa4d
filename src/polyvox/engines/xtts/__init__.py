"""XTTS-v2: clones a voice from seconds of speech and speaks 17 languages with it."""
