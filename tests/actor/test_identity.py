from functools import cache
from itertools import combinations

import numpy as np
import pytest

from engine.errors import ActorError
from training.actor.anatomy import load_anatomy
from training.actor.extras import LAST_SEED
from training.actor.identity import ACTORS, identity_of
from training.actor.physique import Physique, uneven
from training.actor.rig import Rig, build_rig

SEEDS = ("0", "7", "1234", str(LAST_SEED))
EVERYBODY = (*(actor.name for actor in ACTORS), *SEEDS)
SHARED_SETS = ("lips", "lids", "contact_pairs", "teeth", "tongue", "eyes", "face", "left_eye", "right_eye")


@cache
def rig_of(name: str) -> Rig:
    return build_rig(identity_of(name))


@pytest.fixture(scope="module")
def first() -> Rig:
    return rig_of(ACTORS[0].name)


@pytest.fixture(scope="module", params=EVERYBODY)
def rig(request: pytest.FixtureRequest) -> Rig:
    return rig_of(request.param)


def posed(rig: Rig, **named: float) -> np.ndarray:
    weights = np.zeros(len(rig.units))
    for index, unit in enumerate(rig.units):
        weights[index] = named.get(unit, named.get(unit.removesuffix("Left").removesuffix("Right"), 0.0))
    return rig.pose(weights)


def lid_gaps_mm(rig: Rig, vertices: np.ndarray) -> np.ndarray:
    pairs = rig.topology.sets["contact_pairs"]
    pairs = pairs[np.isin(pairs[:, 0], rig.topology.sets["lids"])]
    return np.linalg.norm(vertices[pairs[:, 0]] - vertices[pairs[:, 1]], axis=1) * 10


def test_the_company_is_mixed() -> None:
    assert len(ACTORS) >= 14
    assert len({actor.name for actor in ACTORS}) == len(ACTORS)
    assert 0.4 < np.mean([actor.sex == "female" for actor in ACTORS]) < 0.6
    ages = [actor.age_years for actor in ACTORS]
    assert min(ages) <= 20
    assert max(ages) >= 75
    lightness = np.array([np.mean(actor.complexion.skin) for actor in ACTORS])
    assert lightness.min() < 0.25
    assert lightness.max() > 0.68
    assert len({actor.complexion.hair for actor in ACTORS}) > 10
    assert all(actor.description and actor.name.islower() for actor in ACTORS)


def test_everybody_has_the_same_mesh_and_the_same_named_sets(rig: Rig, first: Rig) -> None:
    np.testing.assert_array_equal(rig.topology.faces, first.topology.faces)
    np.testing.assert_array_equal(rig.topology.uv, first.topology.uv)
    np.testing.assert_array_equal(rig.topology.uv_faces, first.topology.uv_faces)
    assert rig.units == first.units
    assert rig.topology.sets.keys() == first.topology.sets.keys()
    for name in first.topology.sets:
        np.testing.assert_array_equal(rig.topology.sets[name], first.topology.sets[name], err_msg=name)


def test_heads_are_of_human_size(rig: Rig) -> None:
    neutral = rig.topology.neutral
    anatomy = load_anatomy()
    middle = anatomy.parts["skin"][np.abs(anatomy.base[anatomy.parts["skin"], 0]) < 1.0]
    front = anatomy.base[rig.topology.sets["lips"], 2].max()
    chin = middle[anatomy.base[middle, 2] > front - 2.0]
    chin = chin[anatomy.base[chin, 1].argmin()]  # of the base, so the same vertex for everybody
    assert 18 < neutral[middle, 1].max() - neutral[chin, 1] < 26
    assert 12 < np.ptp(neutral[rig.topology.sets["face"], 0]) < 18
    assert 55 < 10 * np.linalg.norm(np.diff(rig.eye_centres, axis=0)) < 70, "between the pupils"


def test_eyeballs_sit_behind_the_lids_and_teeth_behind_the_lips(rig: Rig) -> None:
    neutral, sets = rig.topology.neutral, rig.topology.sets
    for side, name in enumerate(("left_eye", "right_eye")):
        lids = neutral[sets["lids"]]
        lids = lids[(lids[:, 0] > 0) == (side == 0)]
        front = neutral[sets[name], 2].max()
        assert front - 0.6 < np.percentile(lids[:, 2], 95) < front + 1.2, "the lids' ridge lies about the cornea"
        middle = (lids.max(0) + lids.min(0)) / 2
        assert np.abs(middle[:2] - rig.eye_centres[side][:2]).max() < 0.5, "the eye looks out of the middle of its lids"
    assert neutral[sets["teeth"], 2].max() < neutral[sets["lips"], 2].max() - 0.8
    assert neutral[sets["teeth"], 2].max() > neutral[sets["lips"], 2].max() - 3.0


def test_everybody_can_close_the_eyes_and_open_the_mouth(rig: Rig) -> None:
    assert np.median(lid_gaps_mm(rig, rig.topology.neutral)) > 3
    assert lid_gaps_mm(rig, posed(rig, eyeBlink=1.0)).max() < 0.3
    lips = rig.topology.sets["lips"]
    opened = np.ptp(posed(rig, jawOpen=1.0)[lips, 1]) - np.ptp(rig.topology.neutral[lips, 1])
    assert 2.0 < opened < 5.0


def test_no_two_actors_look_alike() -> None:
    face = load_anatomy().masks["face"] > 0
    heads = {name: rig_of(name).topology.neutral[face] for name in EVERYBODY}
    for (one, head), (other, second) in combinations(heads.items(), 2):
        distance_mm = 10 * np.linalg.norm(head - second, axis=1).mean()
        assert distance_mm > 2.0, f"{one} and {other}"


def test_faces_are_a_little_uneven_and_only_a_little(rig: Rig) -> None:
    pulls = [uneven(seed) for seed in range(200)]
    assert max(max(pull.values()) for pull in pulls) <= 0.35
    skin = rig.topology.neutral[rig.topology.sets["face"]]
    mirrored = skin * [-1, 1, 1]
    gaps_mm = 10 * np.sqrt(((skin[:, None] - mirrored[None]) ** 2).sum(2).min(1))
    assert 0.1 < gaps_mm.mean() < 2.5


def test_a_seed_draws_the_same_actor_for_ever_and_another_seed_another() -> None:
    assert identity_of("1234") == identity_of("seed-1234") == identity_of("1234")
    assert identity_of("1234").name == "seed-1234"
    assert len({identity_of(str(seed)).description for seed in range(40)}) > 30


def test_what_seeds_draw_is_bounded_and_belongs_together() -> None:
    drawn = [identity_of(str(seed)) for seed in range(300)]
    assert 0.35 < np.mean([actor.sex == "male" for actor in drawn]) < 0.65
    for actor in drawn:
        looks = actor.complexion
        assert 20 <= actor.age_years <= 76
        assert max(actor.targets.values()) <= 1.0
        for colour in (looks.skin, looks.hair, looks.iris):
            assert all(0 < value < 1 for value in colour), actor.name
        assert looks.skin[0] > looks.skin[1] > looks.skin[2], "skin is never green or blue"
        if actor.sex == "female":
            assert looks.beard == 0
            assert looks.hairline < 0.5
    old = [actor for actor in drawn if actor.age_years > 65]
    young = [actor for actor in drawn if actor.age_years < 35]
    assert min(actor.complexion.age for actor in old) > max(actor.complexion.age for actor in young)
    assert np.mean([max(a.complexion.hair) for a in old]) > 2 * np.mean([max(a.complexion.hair) for a in young])


def test_macro_targets_blend_by_age_build_and_ancestry() -> None:
    middle = Physique(0.5, 56, 0.5, 0.0, {"african": 0.25, "caucasian": 0.75}).targets()
    assert middle["macrodetails/african-male-old"] == pytest.approx(0.0625)
    assert middle["macrodetails/universal-female-young-averagemuscle-maxweight"] == pytest.approx(0.125)
    for kind in ("universal", "african", "caucasian"):
        total = sum(weight for name, weight in middle.items() if name.startswith(f"macrodetails/{kind}"))
        assert total == pytest.approx({"universal": 1.0, "african": 0.25, "caucasian": 0.75}[kind])
    grown = Physique(1.0, 22).targets()
    assert "macrodetails/caucasian-male-old" not in grown
    assert "macrodetails/caucasian-male-child" not in grown


def test_a_slider_pulls_both_ways_and_an_outline_one() -> None:
    down = Physique(1.0, 30, features={"eye_spacing": -0.3}).targets()
    assert down["eyes/l-eye-trans-in"] == down["eyes/r-eye-trans-in"] == 0.3
    with pytest.raises(ValueError, match="no opposite"):
        Physique(1.0, 30, features={"oval": -0.3}).targets()


@pytest.mark.parametrize(("asked", "meant"), [("nel", "nell"), ("Kofi", "kofi"), ("victor", "viktor")])
def test_a_misspelt_name_is_guessed(asked: str, meant: str) -> None:
    with pytest.raises(ActorError, match=f"Did you mean {meant}"):
        identity_of(asked)


@pytest.mark.parametrize("asked", ["nobody", "-1", "1.5", "", "seed-", str(LAST_SEED + 1)])
def test_what_is_neither_name_nor_seed_is_refused(asked: str) -> None:
    with pytest.raises(ActorError):
        identity_of(asked)
