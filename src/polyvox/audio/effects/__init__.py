"""Changes to a stream's sound on its way out: its pace, and the chain that cleans and levels it.

None depends on how the stream is cut, and none moves the sound in time."""

from polyvox.audio.effects.chain import Chain
from polyvox.audio.effects.stretch import TimeStretch

__all__ = ["Chain", "TimeStretch"]
