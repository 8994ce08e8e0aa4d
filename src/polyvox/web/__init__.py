"""Pages as plain HTML, CSS and ES modules; served as files by the API."""

from pathlib import Path

FOLDER = Path(__file__).parent
