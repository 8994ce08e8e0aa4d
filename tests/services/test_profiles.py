"""From a profile to what is spoken: options, effects, defaults and refusals, with real engines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from polyvox.app import running
from polyvox.audio.encode import format_named
from polyvox.audio.loudness import loudness
from polyvox.domain.audio import Recording, Samples
from polyvox.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from polyvox.domain.speech import Utterance
from polyvox.engines.options import check
from polyvox.engines.registry import BUILT_IN, Registry
from polyvox.services import Services
from polyvox.services.built_in import built_in
from polyvox.services.effects import Effects, checked, rules
from polyvox.services.profiles import KNOWN_FOR
from polyvox.settings import Settings
from tests.sounds import level_of

PCM = format_named("pcm")
RATE = 24000
TEXT = "The weather is lovely today, so let us walk in the park."


def settings(folder: Path, **sections: Any) -> Settings:
    enabled = {"enabled": ("espeak", "tone"), "hosts": 1}
    return Settings.model_validate({"engines": enabled, "storage": {"folder": folder}} | sections)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Services]:
    """Services of this test alone, for what changes defaults."""
    async with running(settings(tmp_path)) as built:
        yield built


async def spoken(services: Services, *, whole: bool = True, **given: Any) -> Recording:
    speech = await services.synthesis.speak(Utterance(**({"text": TEXT} | given)), PCM, whole=whole)
    return await speech.collect()


def samples(recording: Recording) -> Samples:
    return np.frombuffer(recording.data, "<i2").astype(np.float32) / 32768


def name() -> str:
    return f"Profile {uuid4().hex[:8]}"


@pytest.mark.parametrize("engine", BUILT_IN)
def test_built_in_profiles_fit_their_engines(engine: str) -> None:
    found = built_in(engine)
    assert len({each.name for each in found}) == len(found) >= 1
    for each in found:
        assert each.name == each.name.casefold()
        assert (each.id, each.built_in) == (f"{engine}.{each.name}", True)
        assert each.description
        check(Registry().synthesizer(engine).Options, each.options)
        checked(each.effects)


def test_the_first_profile_is_what_the_engine_does_except_for_f5() -> None:
    for engine in BUILT_IN:
        options = Registry().synthesizer(engine).Options
        first = built_in(engine)[0]
        plain = check(options, first.options) == options() and not first.effects
        assert plain == (engine != "f5"), engine


def test_the_eight_that_are_known_have_their_values() -> None:
    xtts = {each.name: each.options for each in built_in("xtts")}
    assert list(xtts) == ["balanced", "expressive", "stable"]
    assert list(xtts["expressive"].values()) == [0.85, 1.3, 0.95, 70, 1.3, 0.98]
    f5 = {each.name: each for each in built_in("f5")}
    assert list(f5)[:3] == ["ultra_quality", "balanced", "fast"]
    assert len(f5) == 5
    assert f5["balanced"].options == {"nfe_step": 40, "cfg_strength": 1.8}
    assert checked(f5["ultra_quality"].effects) == Effects(True, 50, 0.85, 7000, 12000, -20)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"reverb": 1}, "effects.reverb"),
        ({"denoise": 1.1}, "effects.denoise"),
        ({"denoise": None}, "effects.denoise"),
        ({"dc": 1}, "effects.dc"),
        ({"high_pass": 5}, "effects.high_pass"),
        ({"low_pass": 300}, "effects.low_pass"),
        ({"de_ess": 100}, "effects.de_ess"),
        ({"loudness": -3}, "effects.loudness"),
        ({"loudness": 1}, "effects.loudness"),
    ],
)
async def test_effects_that_make_no_sense_are_refused_by_name(
    services: Services, given: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await services.profiles.create("tone", name(), {}, given)
    assert refused.value.param == param


def test_the_schema_names_every_effect() -> None:
    assert list(rules()["properties"]) == list(Effects.__dataclass_fields__)


async def test_a_profiles_options_are_spoken_and_a_requests_win(services: Services) -> None:
    made = await services.profiles.create("espeak", name(), {"pitch": 20, "range": 10}, {})
    as_profile = await spoken(services, profile=made.name)
    assert as_profile.data == (await spoken(services, options={"pitch": 20, "range": 10})).data
    assert as_profile.data == (await spoken(services, profile=made.id)).data
    higher = await spoken(services, profile=made.id, options={"pitch": 80})
    assert higher.data == (await spoken(services, options={"pitch": 80, "range": 10})).data
    assert higher.data != as_profile.data


async def test_speed_counts_on_top_of_a_profiles_speed(services: Services) -> None:
    made = await services.profiles.create("espeak", name(), {"speed": 0.8}, {})
    twice = await spoken(services, profile=made.id, speed=2.0)
    assert twice.data == (await spoken(services, speed=1.6)).data
    far = await spoken(services, profile=made.id, speed=4.0)
    plain = await spoken(services)
    assert far.duration == pytest.approx(plain.duration / 3.2, rel=0.2)


async def test_without_effects_the_bytes_are_the_engines(services: Services) -> None:
    plain = await spoken(services)
    assert plain.data == (await spoken(services, profile="standard")).data
    off = await services.profiles.create("espeak", name(), {}, {"dc": False, "denoise": 0})
    assert plain.data == (await spoken(services, profile=off.id)).data


async def test_effects_are_heard_and_words_keep_their_times(services: Services) -> None:
    plain = await spoken(services, whole=False)
    for whole in (False, True):
        phone = await spoken(services, profile="telephone", whole=whole)
        assert phone.duration == plain.duration
        assert phone.words == plain.words
        assert len(phone.data) == len(plain.data)
        spectrum = np.abs(np.fft.rfft(samples(phone)))
        hertz = np.fft.rfftfreq(len(samples(phone)), 1 / RATE)
        above = 20 * np.log10(spectrum[hertz > 4000].max() / spectrum.max())
        assert above < -50
    assert loudness(samples(phone), RATE) == pytest.approx(-18, abs=0.7)


async def test_only_a_stream_and_a_whole_with_a_loudness_are_kept_apart(own: Services) -> None:
    async def hit(profile: str, *, whole: bool) -> bool:
        asked = Utterance(TEXT, profile=profile)
        speech = await own.synthesis.speak(asked, PCM, whole=whole)
        await speech.collect()
        return speech.cached

    assert not await hit("telephone", whole=True)
    assert not await hit("telephone", whole=False)
    assert await hit("telephone", whole=True)
    assert not await hit("standard", whole=True)
    assert await hit("standard", whole=False)
    assert not await hit("clear", whole=False)


async def test_what_is_not_there_is_refused_with_what_is(services: Services) -> None:
    with pytest.raises(NotFound, match="standard, clear, lively") as refused:
        await spoken(services, profile="nothing")
    assert refused.value.param == "profile"
    for other in ("tone.standard", "f5.fast"):
        with pytest.raises(InvalidInput) as refused:
            await spoken(services, profile=other)
    with pytest.raises(InvalidInput, match="belongs to engine 'tone'"):
        await spoken(services, profile="tone.standard")
    foreign = await services.profiles.create("tone", name(), {}, {})
    for asked in (foreign.id, foreign.name):
        with pytest.raises(InvalidInput, match="belongs to engine 'tone'"):
            await spoken(services, profile=asked)


@pytest.mark.parametrize("wrong", ["", " ", "x" * 101, "a/b", "a\nb", "..", "\x00"])
async def test_names_that_cannot_be_are_refused(services: Services, wrong: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await services.profiles.create("tone", wrong.replace("\n", "\x07"), {}, {})
    assert refused.value.param == "name"


@pytest.mark.parametrize("taken", ["standard", "STANDARD", "espeak.clear"])
async def test_names_of_built_in_profiles_are_taken(services: Services, taken: str) -> None:
    with pytest.raises(Conflict):
        await services.profiles.create("tone", taken, {}, {})


async def test_options_are_checked_by_the_engine(services: Services) -> None:
    for options, param in (({"pich": 1}, "options.pich"), ({"pitch": 1000}, "options.pitch")):
        with pytest.raises(InvalidInput) as refused:
            await services.profiles.create("espeak", name(), options, {})
        assert refused.value.param == param
    with pytest.raises(NotFound):
        await services.profiles.create("nothing", name(), {}, {})


async def test_built_in_profiles_stay_as_they_are(services: Services) -> None:
    for doing in (
        services.profiles.change("espeak.clear", name="Mine"),
        services.profiles.delete("espeak.clear"),
    ):
        with pytest.raises(InvalidInput, match="duplicate"):
            await doing
    copy = await services.profiles.duplicate("espeak.clear")
    again = await services.profiles.duplicate("espeak.clear")
    assert copy.name.startswith("clear copy")
    assert (copy.options, copy.effects) == (again.options, again.effects)
    assert copy.name != again.name
    for each in (copy, again):
        await services.profiles.delete(each.id)
    with pytest.raises(NotFound):
        await services.profiles.get(copy.id)


async def test_a_change_is_checked_as_a_whole_and_loses_nothing(services: Services) -> None:
    made = await services.profiles.create("espeak", name(), {"pitch": 20}, {"dc": True}, "About.")
    with pytest.raises(InvalidInput):
        await services.profiles.change(made.id, options={"pitch": 20}, effects={"dc": 3})
    assert await services.profiles.get(made.id) == made
    changed = await services.profiles.change(made.id, options={"range": 3})
    assert changed == replace(made, options={"range": 3})
    assert (await services.profiles.change(made.id)).id == made.id


async def test_a_default_is_used_until_another_is_set(own: Services) -> None:
    plain = await spoken(own)
    made = await own.profiles.create("espeak", "House", {"pitch": 20}, {})
    assert (await own.profiles.set_default(made.id)).default
    assert (await spoken(own)).data == (await spoken(own, options={"pitch": 20})).data
    assert (await spoken(own, profile="standard")).data == plain.data
    assert [each.id for each in await own.profiles.list("espeak") if each.default] == [made.id]
    assert (await own.profiles.defaults())["espeak"].id == made.id
    with pytest.raises(Conflict, match="default"):
        await own.profiles.delete(made.id)
    await own.profiles.set_default("espeak.standard")
    assert (await spoken(own)).data == plain.data
    await own.profiles.delete(made.id)


async def test_a_default_that_another_process_sets_is_seen_soon(
    own: Services, tmp_path: Path
) -> None:
    plain = await spoken(own)
    async with running(settings(tmp_path)) as other:
        await other.profiles.set_default("espeak.lively")
    await asyncio.sleep(KNOWN_FOR + 0.1)
    assert (await spoken(own)).data != plain.data


async def test_a_stored_option_that_an_engine_has_dropped_is_said_and_can_be_mended(
    own: Services,
) -> None:
    made = await own.profiles.create("espeak", "Old", {"pitch": 20}, {})
    await own.profiles.rows.change(made, options={"vibrato": 3})  # as by an older version
    with pytest.raises(InvalidInput, match=r"'Old' does not fit .*vibrato.*PATCH") as refused:
        await spoken(own, profile="Old")
    assert refused.value.param == "profile"
    await own.profiles.change(made.id, options={})
    assert (await spoken(own, profile="Old")).duration > 1


async def test_speaking_with_a_profile_keeps_it(own: Services) -> None:
    made = await own.profiles.create("tone", "Used", {}, {})
    await own.profiles.rows.touch(made.id, 0.9 * made.created_at if made.created_at else 0)
    assert not await own.profiles.rows.get(made.id)
    await own.profiles.rows.touch(made.id, (made.created_at or 0) - 29 * 86400)
    await spoken(own, profile="Used", model="tone")
    found = await own.profiles.get(made.id)
    assert found.used_at
    assert found.used_at >= (made.created_at or 0)


async def test_where_nothing_is_stored_there_are_those_that_are_built_in(tmp_path: Path) -> None:
    async with running(settings(tmp_path), stored=False) as bare:
        assert {each.engine for each in await bare.profiles.list()} == {"espeak", "tone"}
        assert level_of(samples(await spoken(bare, profile="telephone"))) > -40
        with pytest.raises(Unavailable):
            await bare.profiles.create("espeak", "Mine", {}, {})


@pytest.mark.parametrize(("days", "seconds"), [("12", 12 * 86400), ("", None), (None, None)])
async def test_the_lifetime_is_a_setting(
    tmp_path: Path, days: str | None, seconds: float | None
) -> None:
    given = settings(tmp_path, profiles={"lifetime_days": days})
    async with running(given) as built:
        assert built.profiles.rows.lifetime == seconds
