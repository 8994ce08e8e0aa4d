"""The time that is left is told from what was done since the job was begun last."""

from polyvox.domain.job import QUEUED, RUNNING, Job


def _job(**given: object) -> Job:
    usual = {"id": "1", "kind": "narration", "asked": {}, "engine": "tone", "status": RUNNING}
    return Job(**{**usual, "total": 100, "started_at": 1000.0, **given})  # type: ignore[arg-type]


def test_a_job_goes_on_as_it_did_so_far() -> None:
    assert _job(done=25).left(1010.0) == 30.0


def test_what_was_done_before_a_restart_does_not_count_as_speed() -> None:
    assert _job(done=60, done_before=50).left(1010.0) == 40.0


def test_nobody_can_tell_before_something_is_done_or_while_it_waits() -> None:
    assert _job(done=50, done_before=50).left(1010.0) is None
    assert _job(done=0).left(1010.0) is None
    assert _job(done=25, status=QUEUED).left(1010.0) is None
