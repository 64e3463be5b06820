"""What a person is asked to do before the camera, and where in it a recording stands.

Rule: no Qt and no clock of its own: whoever shows it says how much time has passed. Four minutes in all.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing to do.

    Args:
        part: Of the recording.
        title: In two or three words.
        words: What to do, or the sentence to read.
        seconds: How long.
    """

    part: str
    title: str
    words: str
    seconds: float


_MOTION, _EXPRESSIONS, _READING, _SPEECH = "Motion", "Expressions", "Reading", "Speaking"

GUIDE: tuple[Prompt, ...] = (
    Prompt(_MOTION, "At rest", "Look into the camera, lips together, and do nothing at all.", 5),
    Prompt(_MOTION, "Eyes", "Close your eyes, open them wide; wink left, wink right; again.", 8),
    Prompt(_MOTION, "Gaze", "Keep your head still and look up, down, left, right, and all around.", 8),
    Prompt(_MOTION, "Brows", "Raise your brows as high as they go; draw them down and together; again.", 8),
    Prompt(_MOTION, "Nose", "Wrinkle your nose; flare your nostrils.", 5),
    Prompt(_MOTION, "Jaw", "Open your mouth as wide as it goes; move the jaw left, right, forward.", 9),
    Prompt(_MOTION, "Lips", "Smile with lips together, then with teeth; pull the corners down.", 9),
    Prompt(_MOTION, "Lips", "Pucker as for a kiss; make a round O; press the lips together; roll them in.", 9),
    Prompt(_MOTION, "Cheeks", "Puff your cheeks; suck them in; move the mouth to the left, to the right.", 8),
    Prompt(_MOTION, "Head", "Turn your head slowly left and right, up and down, and tilt it.", 9),
    Prompt(_EXPRESSIONS, "Joy", "You have just heard wonderful news. Laugh.", 8),
    Prompt(_EXPRESSIONS, "Surprise", "Something jumps out at you: brows up, mouth open.", 6),
    Prompt(_EXPRESSIONS, "Anger", "You have been cheated. Show it, first with lips pressed, then shouting.", 8),
    Prompt(_EXPRESSIONS, "Sadness", "Something is lost for good.", 7),
    Prompt(_EXPRESSIONS, "Disgust", "The milk is sour.", 6),
    Prompt(_EXPRESSIONS, "Fear", "There are steps behind you, at night.", 7),
    Prompt(_READING, "Read aloud", "Five wizards quickly jumped over the box of frozen figs.", 9),
    Prompt(_READING, "Read aloud", "My mother baked plum pies, but Bobby wanted more pepper in them.", 9),
    Prompt(_READING, "Read aloud", "She sells fish and shellfish; he chooses cheese, chips and jam.", 9),
    Prompt(_READING, "Read aloud", "The thin thief thought of this and that, and three thousand other things.", 9),
    Prompt(_READING, "Read aloud", "Who knew you would choose blue shoes for a good walk in the woods?", 9),
    Prompt(_READING, "Read aloud, in a whisper", "Never have very few voices given everyone so much of value.", 9),
    Prompt(_READING, "Read aloud, loudly", "Look out! The lorry rolls all the way down the long, low hill!", 8),
    Prompt(_SPEECH, "Tell a story", "What did you do last weekend? Talk as you would to a friend.", 30),
    Prompt(_SPEECH, "Explain", "How do you make your favourite dish? Use your whole face.", 28),
)
TOTAL_S = sum(prompt.seconds for prompt in GUIDE)
PARTS = tuple(dict.fromkeys(prompt.part for prompt in GUIDE))


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a recording stands.

    Args:
        index: Of the prompt; past the last when all is done.
        left_s: Of the prompt.
        total_left_s: Of all.
    """

    index: int
    left_s: float
    total_left_s: float

    @property
    def prompt(self) -> Prompt | None:
        """What to do now; None when all is done."""
        return GUIDE[self.index] if self.index < len(GUIDE) else None

    @property
    def following(self) -> Prompt | None:
        """What comes next; None with the last."""
        return GUIDE[self.index + 1] if self.index + 1 < len(GUIDE) else None


def moment_at(recorded_s: float) -> Moment:
    """Where it stands after so many recorded seconds."""
    begun_s = 0.0
    for index, prompt in enumerate(GUIDE):
        if recorded_s < begun_s + prompt.seconds:
            return Moment(index, begun_s + prompt.seconds - recorded_s, TOTAL_S - recorded_s)
        begun_s += prompt.seconds
    return Moment(len(GUIDE), 0.0, 0.0)
