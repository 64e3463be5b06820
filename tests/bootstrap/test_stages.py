"""The steps of a double's making and the time that is left."""

from app.cli.bootstrap_stages import Stage, Stages


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_every_step_says_how_long_all_that_is_left_takes_at_the_machines_own_pace():
    clock = Clock()
    stages = Stages(10_000, 1200.0, {}, clock)
    # 122 s of tracking, 350 of fitting, 80 and 1200 of training, 15 of exporting, 430 of measuring.
    assert stages.begin(Stage.TRACK) == (
        "Step 1 of 5, tracking: about 37 minutes until the double is done and measured."
    )
    clock.now_s += 244.0  # a machine half as fast
    assert "Step 2 of 5, fitting: about 49 minutes" in stages.begin(Stage.FIT)
    clock.now_s += 700.0
    assert "Step 3 of 5, training: about 38 minutes" in stages.begin(Stage.TRAIN)
    clock.now_s += 5000.0  # a training takes what it was given, and tells nothing of the pace
    assert "Step 4 of 5, exporting: about 15 minutes" in stages.begin(Stage.EXPORT)
    assert "Step 5 of 5, measuring: about 14 minutes" in stages.begin(Stage.MEASURE)


def test_what_was_done_before_takes_no_time_and_tells_nothing_of_the_pace():
    clock = Clock()
    stages = Stages(10_000, 60.0, {Stage.TRACK: True}, clock)
    assert "about 16 minutes" in stages.begin(Stage.TRACK)
    clock.now_s += 0.5
    assert "about 16 minutes" in stages.begin(Stage.FIT)
    clock.now_s += 20.0  # most of it lay there
    assert "about 10 minutes" in stages.begin(Stage.TRAIN)
    assert "about 1 minute until" in Stages(0, 1.0, dict.fromkeys(Stage, True), clock).begin(Stage.MEASURE)
