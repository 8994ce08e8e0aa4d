"""Qwen3-TTS: ten languages, nine speakers, clones and designs, streaming."""
