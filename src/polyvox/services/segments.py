"""One segment of a narration as a file of its own, sounding as it does in the whole."""

from __future__ import annotations

from dataclasses import replace

from polyvox.audio.encode import Format, completed, output_rate
from polyvox.audio.render import Renderer
from polyvox.audio.takes import unpacked
from polyvox.domain.audio import Recording
from polyvox.domain.errors import NotFound
from polyvox.domain.job import Job, Part
from polyvox.services.script import Script, Unit


def heard(job: Job, script: Script, parts: dict[int, Part], number: int) -> tuple[Unit, Part]:
    """The unit of that number, and what is kept of it. Raises NotFound with the reason where there
    is nothing to hear."""
    if not 0 <= number < len(script.units):
        raise NotFound(f"The job has segments 0 to {len(script.units) - 1}.", param="number")
    unit, part = script.units[number], parts.get(number)
    if part is None:
        state = "not spoken yet" if not job.over else f"not spoken: the job is {job.status}"
        raise NotFound(f"Segment {number} is {state}.", param="number")
    if not job.over and part.digest != unit.digest:
        raise NotFound(f"Segment {number} is being spoken again; wait for it.", param="number")
    if not part.seconds:
        raise NotFound(f"Segment {number} is a silence.", param="number")
    return unit, part


def rendered(unit: Unit, data: bytes, seconds: float, fmt: Format) -> Recording:
    """The unit's kept sound of so many seconds, with the pace, the effects and the format of its
    narration, and no pause after it. Runs in a thread."""
    plan = unit.plan
    source = round(len(data) / 2 / seconds)  # by whoever spoke it, which may be a fallback
    rate = plan.sample_rate if fmt == plan.format else output_rate(fmt, None)
    chain, fmt = replace(plan, whole=True).chain, replace(fmt, marked=plan.format.marked)
    renderer = Renderer(source, fmt, rate, plan.stretch, chain)
    sound = renderer.render([unpacked(data, source, ())], 0.0, True)
    return Recording(completed(fmt, sound.data), renderer.time)
