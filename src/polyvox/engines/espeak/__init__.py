"""The embedded engine: espeak-ng, which speaks at once with nothing downloaded."""
