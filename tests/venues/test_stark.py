"""The curve of Starknet: our fast arithmetic against ccxt's slow one and against published values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import trading

from perpbot.venues import stark

NUMBERS = st.integers(min_value=0, max_value=stark.PRIME - 1) | st.integers(min_value=0, max_value=2**16)
SCALARS = st.integers(min_value=1, max_value=stark.ORDER - 1) | st.sampled_from([1, 2, 255, 256, stark.ORDER - 1])
few = settings(max_examples=25, deadline=None)


def test_a_published_hash_is_met() -> None:
    left = 0x3D937C035C878245CAF64531A5756109C53068DA139362728FEB561405371CB
    right = 0x208A0A10250E382E1E4BBE2880906C2791BF6275695E02FBBC6AEFF9CD8B31A
    assert stark.pedersen(left, right) == 0x30E480BED5FE53FA909CC0F8C4D99B8F9F2C016BE4C41E13A4848797979C662


@given(left=NUMBERS, right=NUMBERS)
@few
def test_the_hash_is_the_hash_of_ccxt(left: int, right: int) -> None:
    from ccxt.static_dependencies.starkware.crypto.fast_pedersen_hash import pedersen_hash

    assert stark.pedersen(left, right) == pedersen_hash(left, right)


@given(key=SCALARS)
@few
def test_public_keys_are_those_of_ccxt(key: int) -> None:
    from ccxt.static_dependencies.starkware.crypto import math_utils

    assert stark.public_key(key) == math_utils.ec_mult(key, stark.GENERATOR, 1, stark.PRIME)[0]


@given(key=SCALARS, message=st.integers(min_value=1, max_value=2**251 - 1))
@few
def test_what_ccxt_signs_is_signed_by_the_key_and_by_no_other(key: int, message: int) -> None:
    from ccxt.static_dependencies.starkware.crypto.signature import sign

    signature = sign(message, key)
    assert stark.signed_by(key, message, signature)
    assert not stark.signed_by(key % (stark.ORDER - 1) + 1, message, signature)
    assert not stark.signed_by(key, message + 1, signature)
    assert not stark.signed_by(key, message, (signature[0], signature[1] + 1))


@pytest.mark.parametrize("signature", [(0, 1), (1, 0), (stark.ORDER, 1), (1, stark.ORDER), (-1, 5)])
def test_numbers_that_cannot_be_a_signature_are_none(signature: tuple[int, int]) -> None:
    assert not stark.signed_by(7, 7, signature)


@pytest.mark.parametrize("number", [-1, stark.PRIME])
def test_a_number_outside_the_field_is_not_hashed(number: int) -> None:
    with pytest.raises(ValueError, match="below the prime"):
        stark.pedersen(number, 1)
    with pytest.raises(ValueError, match="below the prime"):
        stark.pedersen(1, number)


@pytest.mark.parametrize("scalar", [0, -1, stark.ORDER])
def test_a_scalar_outside_the_curve_is_not_multiplied(scalar: int) -> None:
    with pytest.raises(ValueError, match="order of the curve"):
        stark.multiply(scalar, stark.GENERATOR)


def test_ccxt_hashes_and_multiplies_fast_once_it_is_told() -> None:
    trading("paradex")
    from ccxt.static_dependencies.starknet.hash import utils
    from ccxt.static_dependencies.starkware.crypto import signature

    assert utils.pedersen_hash is stark.pedersen
    assert signature.private_to_stark_key(77) == stark.public_key(77)
