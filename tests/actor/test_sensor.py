import numpy as np
import pytest

from training.actor.sensor import Mains, Noise, Sensor, flicker, is_gentle, noise_levels, noisy_levels


def srgb(light: np.ndarray) -> np.ndarray:
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("exposure_ms", [0.1, 3.0, 8.0, 13.7, 33.3])
def test_flicker_is_the_mean_of_the_lamps_light_over_the_exposure(mains_hz: float, exposure_ms: float) -> None:
    mains, phase = Mains(mains_hz, 0.3), 0.7
    for start_s in (0.0, 0.0123, 4.56):
        moments = start_s + (np.arange(20_000) + 0.5) / 20_000 * exposure_ms / 1000
        light = 1 + 0.3 * np.cos(2 * np.pi * 2 * mains_hz * moments + phase)
        assert flicker(mains, exposure_ms, start_s, phase) == pytest.approx(light.mean(), abs=1e-7)


def test_fifty_hertz_lamps_beat_with_ten_hertz_at_thirty_frames_a_second() -> None:
    seen = np.array([flicker(Mains(50, 0.1), 4.0, index / 30, 0.3) for index in range(60)])
    spectrum = np.abs(np.fft.rfft(seen - seen.mean()))
    assert np.fft.rfftfreq(60, 1 / 30)[spectrum.argmax()] == pytest.approx(10)
    assert np.ptp(seen) > 0.1


def test_exposures_of_whole_pulses_and_steady_lamps_do_not_flicker() -> None:
    for mains, exposure_ms in ((Mains(50, 0.4), 10.0), (Mains(50, 0.4), 20.0), (Mains(60, 0.4), 25.0)):
        for index in range(5):
            assert flicker(mains, exposure_ms, index / 30, 1.0) == pytest.approx(1, abs=1e-12)
    constant = {flicker(Mains(0, 0.05), 8.0, index / 30, 0.0) for index in range(5)}
    assert len(constant) == 1


@pytest.mark.parametrize("sensor", [Sensor(), Sensor(3000, 12, 2.0)])
def test_noise_is_what_counted_electrons_and_the_read_out_make(sensor: Sensor) -> None:
    rng = np.random.default_rng(0)
    white_e = sensor.full_well_e / sensor.gain
    for light in (0.15, 0.4, 0.8):
        electrons = rng.poisson(light * white_e, 200_000) + rng.normal(0, sensor.read_noise_e, 200_000)
        levels = srgb(np.maximum(electrons, 0) / white_e)
        expected = noise_levels(sensor)[round(float(srgb(np.array(light))))]
        assert levels.std() == pytest.approx(expected, rel=0.03)


def test_a_flat_picture_gets_noise_of_its_levels_size_and_no_other_brightness() -> None:
    sensor = Sensor(20_000, 4)
    noise = Noise(sensor, 320, 400)
    rng = np.random.default_rng(3)
    for level in (40, 120, 200):
        noisy = noise.added_to(np.full((400, 320), level, np.uint8), rng).astype(float)
        assert noisy.mean() == pytest.approx(level, abs=0.05)
        rounding = 1 / 12
        assert noisy.var() == pytest.approx(noise_levels(sensor)[level] ** 2 + rounding, rel=0.03)


def test_two_frames_and_three_channels_have_noise_of_their_own() -> None:
    noise = Noise(Sensor(2000, 8), 200, 200)
    rng = np.random.default_rng(1)
    flat = np.full((200, 200, 3), 120, np.uint8)
    first, second = (noise.added_to(flat, rng).astype(float) - 120 for _ in range(2))
    together = np.corrcoef([*first.reshape(-1, 3).T, *second.reshape(-1, 3).T])
    assert np.abs(together - np.eye(6)).max() < 0.03


def test_no_noise_leaves_the_picture_as_it_is() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 30), dtype=np.uint8)
    silent = Noise(Sensor(1e12, 0), 30, 40)
    np.testing.assert_array_equal(silent.added_to(picture, np.random.default_rng(1)), picture)


def test_strong_noise_lifts_blacks_and_never_turns_dark_into_bright() -> None:
    sensor = Sensor(full_well_e=300, read_noise_e=12, gain=4)
    assert not is_gentle(sensor)
    noise, rng = Noise(sensor, 200, 200), np.random.default_rng(4)
    means = [noise.added_to(np.full((200, 200), level, np.uint8), rng).mean() for level in range(0, 256, 15)]
    assert means[0] > 20, "the read-out alone makes light of darkness"
    assert (np.diff(means) > 0).all(), "noise on the displayed picture once lit the mouth's line up"


@pytest.mark.parametrize("sensor", [Sensor(300, 12, 4.0), Sensor(1500, 8, 4.0), Sensor(2000, 8)])
def test_strong_noise_is_laid_on_electrons_before_the_tone_curve(sensor: Sensor) -> None:
    rng = np.random.default_rng(0)
    white_e = sensor.full_well_e / sensor.gain
    noise = Noise(sensor, 300, 300)
    for level in (0, 8, 60, 150):
        light = ((level / 255 + 0.055) / 1.055) ** 2.4 if level > 10 else level / 255 / 12.92
        spread = np.sqrt(light * white_e + sensor.read_noise_e**2)
        electrons = np.clip(rng.normal(light * white_e, spread, 200_000), 0, white_e)
        expected = srgb(electrons / white_e)
        filmed = noise.added_to(np.full((300, 300), level, np.uint8), rng)
        assert filmed.mean() == pytest.approx(expected.mean(), abs=0.4)
        assert filmed.std() == pytest.approx(expected.std(), rel=0.03, abs=0.1)


def test_the_standard_sensor_is_gentle_and_gentle_noise_is_the_same_either_way() -> None:
    assert is_gentle(Sensor())
    steps = (np.arange(257) - 128) / 32
    share = np.exp(-(steps**2) / 2) / np.exp(-(steps**2) / 2).sum()
    exact = noisy_levels(Sensor())
    mean = (exact * share).sum(1)
    deviation = np.sqrt(((exact - mean[:, None]) ** 2 * share).sum(1))
    np.testing.assert_allclose(mean, np.arange(256), atol=0.5)
    np.testing.assert_allclose(deviation, noise_levels(Sensor()), atol=0.5)
