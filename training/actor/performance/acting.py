"""The four parts of a shoot, as the actor plays them: exercises, expressions, sentences and scenes.

Rule: a part fills the whole shot, however long, and begins as if the camera had been switched on in the middle.
"""

from collections.abc import Iterator, Mapping
from itertools import cycle

import numpy as np

from training.actor.performance.expressions import EXPRESSIONS, express
from training.actor.performance.habits import HABITS_OF, flash_brows, nod, shake, swallow, wet_lips
from training.actor.performance.motion_range import exercise_once
from training.actor.performance.score import Glance, Score, Span
from training.actor.speech.scenes import Scene
from training.actor.speech.tones import TONES

_LISTENING = (nod, nod, flash_brows, swallow, wet_lips, shake)
# What crosses the face of who feels so, by names of `EXPRESSIONS`.
REACTIONS_OF: Mapping[str, tuple[str, ...]] = {
    "neutral": ("polite smile", "mild surprise", "shrug of the mouth"),
    "tender": ("true smile", "pity", "sad smile", "kiss"),
    "furious": ("anger, teeth", "anger, lips pressed", "rage", "snarl left", "snarl right"),
    "amused": ("true smile", "suppressed laugh", "broad laugh", "smirk left", "wink right"),
    "afraid": ("fear", "terror", "pain", "dismay"),
    "tired": ("exhaustion", "effort", "sadness"),
    "commanding": ("stubbornness", "anger, lips pressed", "contempt"),
    "sly": ("smirk left", "smirk right", "cruel smile", "contempt", "wink left", "flirt"),
    "grieving": ("weeping", "sadness", "pain", "sad smile", "guilt"),
    "proud": ("true smile", "stubbornness", "contempt, other side"),
    "disgusted": ("disgust", "revulsion, tongue", "snarl left", "snarl right"),
    "excited": ("happy surprise", "broad laugh", "awe"),
    "bored": ("exhaustion", "blown cheeks", "contempt", "shrug of the mouth"),
    "pleading": ("pity", "weeping", "dismay", "embarrassment"),
    "thoughtful": ("concentration", "doubt", "doubt, other side", "shrug of the mouth"),
    "surprised": ("surprise", "mild surprise", "happy surprise", "angry surprise", "awe"),
}
_OTHERS_SHARE = 0.35  # after so many pangrams comes another sentence, for sounds that letters do not ask for
_FIRST_STRIDE = 17  # without a common factor with the number of expressions: all come first in their turn
_BY_NAME = {expression.name: expression for expression in EXPRESSIONS}


def show_expressions(score: Score, number: int, rng: np.random.Generator) -> None:
    """One expression after the other, with a calm face between most of them.

    Args:
        score: Written into.
        number: Of the shot: shots of neighbouring numbers begin with different expressions, however short they are.
        rng: The actor's whim.
    """
    moment = rng.uniform(0.0, 0.3)
    first = _FIRST_STRIDE * number % len(EXPRESSIONS)
    while moment < score.length_s:
        order = rng.permutation(len(EXPRESSIONS))
        order[[0, int(np.flatnonzero(order == first)[0])]] = first, order[0]
        first = int(order[len(order) // 2])
        for place in order:
            if moment >= score.length_s:
                break
            leaving_s = express(score, EXPRESSIONS[place], moment, rng)
            # One in four turns straight into the next.
            moment = leaving_s + (rng.uniform(0.0, 0.25) if rng.random() < 0.25 else rng.uniform(0.3, 0.9))


def recite(score: Score, pangrams: tuple[str, ...], others: tuple[str, ...], rng: np.random.Generator) -> None:
    """Sentence after sentence, pangrams mostly, the tone changing every one or two."""
    moment = -rng.uniform(0.0, 1.0)
    tones = list(TONES)
    tone, remaining = tones[rng.integers(len(tones))], 0
    for sentence in _reading_order(pangrams, others, rng):
        if moment >= score.length_s:
            break
        if remaining == 0:
            tone, remaining = tones[rng.integers(len(tones))], int(rng.integers(1, 3))
        remaining -= 1
        moment = _line(score, sentence, tone, moment, rng)
        if rng.random() < 0.15:
            moment = (swallow, wet_lips)[rng.integers(2)](score, moment, rng)
        moment += rng.uniform(0.1, 0.6)


def _reading_order(pangrams: tuple[str, ...], others: tuple[str, ...], rng: np.random.Generator) -> Iterator[str]:
    """Without end; nothing comes again before every other of its kind."""
    other = cycle([others[place] for place in rng.permutation(len(others))])
    while True:
        for place in rng.permutation(len(pangrams)):
            yield pangrams[place]
            if rng.random() < _OTHERS_SHARE:
                yield next(other)


def play_scenes(
    score: Score, scenes: tuple[Scene, ...], rng: np.random.Generator, sentences: tuple[str, ...] = (),
    variety: float = 0.0,
) -> None:  # fmt: skip
    """Scene after scene, the first from somewhere within it.

    Args:
        score: Written into.
        scenes: To choose from.
        rng: The actor's whim.
        sentences: Said between the lines now and then, if `variety` is not 0.
        variety: How often something of the other parts of a shoot comes between two lines, 0..1.
    """
    moment = -rng.uniform(0.0, 1.5)
    is_first, num_others = True, int(rng.integers(3))
    while moment < score.length_s:
        for place in rng.permutation(len(scenes)):
            if moment >= score.length_s:
                break
            scene = scenes[place]
            lines = scene.lines[int(rng.integers(0, len(scene.lines) - 2)) :] if is_first else scene.lines
            is_first = False
            score.head(f"[{scene.title}]", moment)
            for tone, text in lines:
                if moment >= score.length_s:
                    break
                moment = _line(score, text, tone, _before(score, tone, moment, rng), rng)
                moment = _after(score, tone, moment, rng)
                if rng.random() < variety:
                    moment = _something_else(score, sentences, num_others, moment, rng)
                    num_others += 1
            moment = _listen(score, moment, rng)


def _line(score: Score, text: str, tone: str, start_s: float, rng: np.random.Generator) -> float:
    end_s = score.say(text, tone, start_s, rng)
    score.feel(tone, start_s - rng.uniform(0.0, 0.3), end_s + rng.uniform(0.0, 0.4), rng)
    return end_s


def _before(score: Score, tone: str, moment: float, rng: np.random.Generator) -> float:
    """A thought before the words: a pause with the eyes elsewhere."""
    if rng.random() < 0.3:
        pause = rng.uniform(0.3, 1.1)
        score.feel(tone, moment, moment + pause, rng)
        if rng.random() < TONES[tone].averted + 0.2:
            side = rng.choice((-1.0, 1.0))
            score.glances.append(Glance(moment, moment + 0.9 * pause, side * rng.uniform(5, 17), rng.normal(0, 6)))
        return moment + pause
    return moment + rng.uniform(0.0, 0.25)


def _after(score: Score, tone: str, moment: float, rng: np.random.Generator) -> float:
    """What the words leave on the face."""
    chance = rng.random()
    if chance < 0.22:
        habits = HABITS_OF[tone]
        end_s = habits[rng.integers(len(habits))](score, moment, rng)
    elif chance < 0.48:
        names = REACTIONS_OF[tone]
        end_s = express(score, _BY_NAME[names[rng.integers(len(names))]], moment - 0.15, rng)
    elif chance < 0.58:
        return _listen(score, moment, rng)
    else:
        return moment
    score.spans.append(Span(moment, end_s, TONES[tone], is_spoken=False))
    return end_s


def _listen(score: Score, moment: float, rng: np.random.Generator) -> float:
    """The partner's turn: eyes on the partner, signs of following, now and then an answer in the face."""
    length = rng.uniform(0.7, 2.3)
    tone = list(TONES)[rng.integers(len(TONES))]
    score.feel(tone, moment + 0.2, moment + length, rng)
    score.spans.append(Span(moment, moment + length, TONES[tone], is_spoken=False))
    inner = moment + rng.uniform(0.2, 0.9)
    while inner < moment + length - 0.3:
        if rng.random() < 0.7:
            inner = _LISTENING[rng.integers(len(_LISTENING))](score, inner, rng)
        else:
            names = REACTIONS_OF[tone]
            inner = express(score, _BY_NAME[names[rng.integers(len(names))]], inner, rng)
        inner += rng.uniform(0.1, 0.9)
    end_s = max(moment + length, inner - 0.1)
    score.note("listens", moment, end_s)
    return end_s


def _something_else(
    score: Score, sentences: tuple[str, ...], number: int, moment: float, rng: np.random.Generator
) -> float:  # fmt: skip
    """One of the other parts of a shoot, briefly; each in its turn."""
    if number % 3 == 0:
        for _ in range(int(rng.integers(3, 6))):
            moment = exercise_once(score, moment, rng)
        return moment
    if number % 3 == 1:
        return express(score, EXPRESSIONS[rng.integers(len(EXPRESSIONS))], moment, rng) + 0.4
    tone = list(TONES)[rng.integers(len(TONES))]
    return _line(score, sentences[rng.integers(len(sentences))], tone, moment, rng)
