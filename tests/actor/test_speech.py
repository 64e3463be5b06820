import re
from itertools import pairwise

import numpy as np
import pytest

from training.actor.curves import RATE_HZ, frame_times
from training.actor.speech.mouth import Mouth, articulate
from training.actor.speech.phones import (
    LIP_CLOSURES,
    LIP_TO_TEETH,
    PAUSE,
    VOWELS,
    Phone,
    Reading,
    pronounce,
    read_aloud,
    words_of,
)  # fmt: skip
from training.actor.speech.scenes import LATER_SCENES, SCENES
from training.actor.speech.sentences import LATER_PANGRAMS, LATER_SENTENCES, PANGRAMS, SENTENCES
from training.actor.speech.tones import TONES
from training.actor.speech.visemes import ARTICULATORS, SHAPES_OF, VISEMES

UNITS = tuple(
    sorted(
        unit
        for name in [*(name for names in ARTICULATORS.values() for name in names), "mouthClose"]
        for unit in (
            (name,)
            if re.fullmatch("jaw.*|mouth(Pucker|Funnel|Shrug.*|Roll.*|Close)|tongueOut", name)
            else (f"{name}Left", f"{name}Right")
        )
    )
)
SCENE_LINES = [text for scene in (*SCENES, *LATER_SCENES) for _, text in scene.lines]
TEXTS = [*SENTENCES, *LATER_SENTENCES, *PANGRAMS, *LATER_PANGRAMS, *SCENE_LINES]


def _said(text: str, tone: str = "neutral", seed: int = 0) -> tuple[Reading, np.ndarray, Mouth]:
    reading = read_aloud(text, TONES[tone], np.random.default_rng(seed))
    times = frame_times(int(reading.length_s * RATE_HZ) + 1)
    return reading, times, articulate(reading, times, TONES[tone], UNITS)


def _weight(mouth: Mouth, unit: str) -> np.ndarray:
    return mouth.weights[:, UNITS.index(unit)]


def _nearest(times: np.ndarray, phone: Phone) -> int:
    return int(np.abs(times - phone.centre_s).argmin())


def test_every_word_has_a_pronunciation() -> None:
    unknown = []
    for word in {word for text in TEXTS for word in words_of(text) if word.strip(".,;:?!")}:
        try:
            pronounce(word)
        except ValueError:
            unknown.append(word)
    assert unknown == []


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(ValueError, match="zzyzxq"):
        pronounce("zzyzxq")


def test_the_sentences_hold_every_sound_of_english_several_times() -> None:
    sounds = [symbol.rstrip("012") for text in SENTENCES for word in words_of(text) if word[0].isalpha()
              for symbol in pronounce(word)]  # fmt: skip
    assert len(SENTENCES) >= 40
    for symbol in SHAPES_OF:
        assert symbol == PAUSE or sounds.count(symbol) >= 5, symbol


def test_pangrams_hold_every_letter_and_no_two_are_alike() -> None:
    assert len(PANGRAMS) >= 20
    assert len(LATER_PANGRAMS) >= 3
    assert len({*PANGRAMS, *LATER_PANGRAMS}) == len(PANGRAMS) + len(LATER_PANGRAMS)
    for text in (*PANGRAMS, *LATER_PANGRAMS):
        missing = {*"abcdefghijklmnopqrstuvwxyz"} - {*text.lower()}
        assert not missing, (text, missing)


def test_scenes_have_the_length_of_a_monologue_and_known_tones_that_change() -> None:
    assert len(SCENES) >= 12
    for scene in (*SCENES, *LATER_SCENES):
        words = [word for _, text in scene.lines for word in words_of(text) if word[0].isalpha()]
        assert 60 <= len(words) <= 150, scene.title
        tones = {tone for tone, _ in scene.lines}
        assert tones <= set(TONES)
        assert len(tones) >= 3, scene.title


def test_the_later_session_says_nothing_that_was_said_in_training() -> None:
    later = {*LATER_SENTENCES, *LATER_PANGRAMS, *(text for scene in LATER_SCENES for _, text in scene.lines)}
    trained = {*SENTENCES, *PANGRAMS, *(text for scene in SCENES for _, text in scene.lines)}
    assert not later & trained


@pytest.mark.parametrize("tone", TONES)
def test_every_p_b_and_m_closes_the_lips_for_a_whole_frame_and_every_f_and_v_meets_the_teeth(tone: str) -> None:
    seen = 0
    for number, text in enumerate(TEXTS[:: len(TONES) // 4]):
        reading, times, mouth = _said(text, tone, number)
        for phone in reading.phones:
            for symbols, curve in ((LIP_CLOSURES, mouth.lip_seal), (LIP_TO_TEETH, mouth.lip_to_teeth)):
                if phone.symbol in symbols:
                    at_it = np.abs(times - phone.centre_s) <= 0.5 / RATE_HZ + 1e-9
                    assert (curve[at_it] == 1.0).any(), (text, phone)
                    seen += 1
        assert not ((mouth.lip_seal == 1.0) & (mouth.lip_to_teeth > 0)).any()
    assert seen > 100


def test_lips_meet_no_more_often_than_sounds_ask_for() -> None:
    reading, _, mouth = _said("Papa, see how I go home.")
    asked = [phone for phone in reading.phones if phone.symbol in LIP_CLOSURES]
    meetings = int(np.sum(np.diff((mouth.lip_seal == 1.0).astype(int)) == 1))
    assert [phone.symbol for phone in asked] == ["P", "P", "M"]
    assert meetings == 3
    assert mouth.lip_to_teeth.max() == 0


def test_the_weights_all_but_close_the_lips_before_the_seal_does() -> None:
    reading, times, mouth = _said("My mother baked a plum pie and hummed a happy tune.", "furious")
    for phone in reading.phones:
        if phone.symbol in LIP_CLOSURES:
            frame = _nearest(times, phone)
            left_open = _weight(mouth, "jawOpen")[frame] - _weight(mouth, "mouthClose")[frame]
            assert left_open < 0.04
            assert _weight(mouth, "mouthLowerDownLeft")[frame] < 0.05


def test_open_vowels_drop_the_jaw_and_round_ones_round_the_lips() -> None:
    reading, times, mouth = _said("A calm father. A cool moon.")
    vowels = {phone.symbol: _nearest(times, phone) for phone in reading.phones if phone.stress == 1}
    assert _weight(mouth, "jawOpen")[vowels["AA"]] > 2 * _weight(mouth, "jawOpen")[vowels["UW"]]
    assert _weight(mouth, "mouthPucker")[vowels["UW"]] > 0.45
    assert _weight(mouth, "mouthPucker")[vowels["AA"]] < 0.15


def test_rounding_is_anticipated_in_the_consonants_before_it() -> None:
    at_s = []
    for text in ("See soup.", "See sip."):
        reading, times, mouth = _said(text)
        second_s = [phone for phone in reading.phones if phone.symbol == "S"][1]
        at_s.append(_weight(mouth, "mouthPucker")[_nearest(times, second_s)])
    assert at_s[0] > at_s[1] + 0.1


def test_th_shows_the_tongue_and_k_does_not() -> None:
    reading, times, mouth = _said("Think.")
    frames = {phone.symbol: _nearest(times, phone) for phone in reading.phones}
    assert _weight(mouth, "tongueOut")[frames["TH"]] > 0.3
    assert _weight(mouth, "tongueOut")[frames["K"]] < 0.05


def test_speech_has_a_natural_pace_and_moods_change_it() -> None:
    pace_hz = {}
    for tone in ("neutral", "excited", "grieving"):
        phones = [phone for number, text in enumerate(SENTENCES)
                  for phone in read_aloud(text, TONES[tone], np.random.default_rng(number)).phones
                  if phone.symbol != PAUSE]  # fmt: skip
        pace_hz[tone] = sum(phone.symbol in VOWELS for phone in phones) / sum(phone.length_s for phone in phones)
    assert 4.0 < pace_hz["neutral"] < 5.0  # syllables a second
    assert pace_hz["grieving"] < pace_hz["neutral"] < pace_hz["excited"]


def test_the_end_of_a_phrase_is_drawn_out() -> None:
    generators = (np.random.default_rng(seed) for seed in range(20))
    lengths = np.array([
        [phone.length_s for phone in read_aloud("A dog and a dog.", TONES["neutral"], rng).phones
         if phone.symbol == "AO"] for rng in generators
    ])  # fmt: skip
    assert lengths[:, 1].mean() > 1.3 * lengths[:, 0].mean()


def test_a_reading_has_no_gaps_and_takes_breath_before_and_after() -> None:
    reading = read_aloud(SENTENCES[2], TONES["sly"], np.random.default_rng(4))
    for before, after in pairwise(reading.phones):
        assert after.start_s == pytest.approx(before.start_s + before.length_s)
    assert reading.phones[0].symbol == reading.phones[-1].symbol == PAUSE
    assert len(reading.phrase_ends_s) == 2


def test_every_shape_is_used_and_every_sound_has_one() -> None:
    used = {shape for shapes in SHAPES_OF.values() for shape in shapes} | {"weak", "breath"}
    assert used == set(VISEMES)
    assert len(VISEMES) >= 15


def test_the_mouth_moves_smoothly() -> None:
    for text in SENTENCES[:8]:
        _, _, mouth = _said(text, "furious")
        assert np.abs(np.diff(_weight(mouth, "jawOpen"))).max() < 0.2
        assert np.abs(np.diff(_weight(mouth, "mouthPucker"))).max() < 0.35
