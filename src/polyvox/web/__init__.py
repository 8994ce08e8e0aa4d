"""Pages as plain HTML inside `base.html`, CSS and ES modules; served by the API."""

from pathlib import Path

FOLDER = Path(__file__).parent
