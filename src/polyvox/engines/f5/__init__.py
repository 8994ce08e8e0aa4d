"""F5-TTS: clones a voice from a short recording and its transcript, speaks English and Chinese."""
