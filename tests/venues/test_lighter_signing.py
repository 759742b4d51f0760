"""Lighter's signatures in Python: what its own signer has made, the laws of the curve, and that signer once more."""

import json
import subprocess
import sys
from base64 import b64decode
from typing import Any

import pytest
from environments import Environments
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_cases import CREDENTIALS

from perpbot.venues import goldilocks
from perpbot.venues.ecgfp5 import GENERATOR, NEUTRAL, ORDER, SIGNATURE_BYTES, encode, holds, plus, public, sign
from perpbot.venues.goldilocks import PRIME, digest, limbs, pack, to_bytes, unpack
from perpbot.venues.lighter_signing import Key, message, private_key, text_message, token, transaction

pytest_plugins = ["kit_fixtures"]

SECRET = private_key(CREDENTIALS["lighter"]["privateKey"])
KEY = Key(chain=304, account=65, index=5, secret=SECRET)
PUBLIC = "449647b06a4f145edec60153bab77115dd4157bb40d5782713620ab9b1f4d5f63ef4121fc15fbae6"

SIGNED: list[tuple[int, dict[str, Any], str, str]] = [
    (
        14,
        {
            "AccountIndex": 65, "ApiKeyIndex": 5, "MarketIndex": 1, "ClientOrderIndex": 77, "BaseAmount": 1000,
            "Price": 650000, "IsAsk": 0, "Type": 0, "TimeInForce": 0, "ReduceOnly": 1, "TriggerPrice": 0,
            "OrderExpiry": 0, "ExpiredAt": 1795237197319, "Nonce": 1795234664471, "L2TxAttributes": {"4": 1},
        },
        "368f98b00dce364b01ce0539f1b90a1a6888ca09ad3ea30fdb6cd60b4556fd1c9b8c6a9b729024a5",
        "+nu92i9t/jB3yfmif4wRSQr4KBh7rTUpBgDj/mYSiaW2LTKm0f6YHAjeiV/hP2CtNdbmgOST5msy+JCxmfl7hVaSNMvYN3hCzz1NTw/wXjk=",
    ),
    (
        14,
        {
            "AccountIndex": 65, "ApiKeyIndex": 5, "MarketIndex": 1, "ClientOrderIndex": 78, "BaseAmount": 123456,
            "Price": 650001, "IsAsk": 1, "Type": 0, "TimeInForce": 2, "ReduceOnly": 0, "TriggerPrice": 0,
            "OrderExpiry": 1797654000000, "ExpiredAt": 1795237197327, "Nonce": 41, "L2TxAttributes": None,
        },
        "81a2828d2a5a19460165e03cc6e195e5ab7cf5518434834be4795b7eb4d03b2f2e918eb85fcd8118",
        "yjdZ46kB96I13JJE/PE0skfBZSeugcX+eJEUIfPqDbzt7oe1Wr0kXBp6IShggwoXeus2GTV2UoFGik+Sb0P01Yhfr6icR6N92YYQMdK0yRc=",
    ),
    (
        15,
        {
            "AccountIndex": 65, "ApiKeyIndex": 5, "MarketIndex": 1, "Index": 77, "ExpiredAt": 1795237197338,
            "Nonce": 1795234664472, "L2TxAttributes": {"4": 1},
        },
        "77a806e4d60499d472f52eaaa8ba7546e158ee4248c0befe215748bc5c6919180042a5e7cb8bcfcf",
        "yOx9amwAdmn6soSyywRvV/UvR8vWSCEuT1/vBKt6t+VC94lqu6w2N3NjQKMIiw5On4Hldc7Zs45p9BowtyDbkwgWXURYylVyMaR9avFEf3Y=",
    ),
    (
        16,
        {
            "AccountIndex": 65, "ApiKeyIndex": 5, "TimeInForce": 1, "Time": 1795235000000, "ExpiredAt": 1795245339826,
            "Nonce": 1795234664474, "L2TxAttributes": {"4": 1},
        },
        "9acedcda8551eb86a8d9274fa221005efc69f0808c981f7de57caa52468cab3f400fc30823f19c85",
        "7k8jn+2ypY1zynuC1M6oi/a51GPhDFNdy6eTF1srnE/cWTVaCcazWtXhLzmAK9MSWpyZISiuoZ+D8KIpeQT+wOrCrZT63HVT8hMRmxv2nSE=",
    ),
    (
        20,
        {
            "AccountIndex": 65, "ApiKeyIndex": 5, "MarketIndex": 1, "InitialMarginFraction": 500, "MarginMode": 0,
            "ExpiredAt": 1795237197350, "Nonce": 1795234664473, "L2TxAttributes": {"4": 1},
        },
        "7d8055e7283dde710ffb8d85e62a30ccfb7966fba5e399e9b44a452bdc9f3838ab7da6838597a497",
        "jy15Y/Liqo/B5GEnMIuPMOqI0WDWqcDlGcCL2l2+xY9zk2LDJlsDG81CmC4+FBe96100EtBDvB01tZUVXogm50zYSc1l3kmz5ZbmHdA99FM=",
    ),
]  # fmt: skip
"""Kind, words, hash and signature as the official signer of lighter-sdk 1.1.8 made them with the key of these tests."""
SIGNED_TEXT = (
    "1900000000:65:5:caa75666d51c88371aeacb68edf846c13fe4927f2202c0d47686670f8494498d3584f72810c44351835785dff2f5be81e5"
    "1edda57635adc6bf3db299cdbc5a6216cd5e27881ac133328e0adaa95dcf13"
)


def attributes(told: dict[str, Any]) -> dict[int, int]:
    return {int(name): value for name, value in (told["L2TxAttributes"] or {}).items()}


# -- what the official signer made -------------------------------------------------------------------------------


def test_the_public_key_is_the_one_the_official_signer_has() -> None:
    assert to_bytes(encode(public(SECRET))).hex() == PUBLIC


@pytest.mark.parametrize(
    ("kind", "told", "hashed", "signature"), SIGNED, ids=["buy", "sell", "cancel", "switch", "leverage"]
)
def test_transactions_hash_as_in_the_official_signer_and_its_signatures_hold(
    kind: int, told: dict[str, Any], hashed: str, signature: str
) -> None:
    made = message(304, kind, told, attributes(told))
    assert to_bytes(made).hex() == hashed
    assert holds(public(SECRET), made, b64decode(signature))


def test_the_official_signers_token_holds() -> None:
    text, _, signature = SIGNED_TEXT.rpartition(":")
    assert holds(public(SECRET), text_message(text), bytes.fromhex(signature))


# -- what we make ------------------------------------------------------------------------------------------------


def test_a_transaction_says_what_is_signed() -> None:
    body = {"MarketIndex": 1, "Index": 77}
    words = json.loads(transaction(KEY, 15, body, 9, 1_000))
    assert words["L2TxAttributes"] == {"4": 1}, "nonces may grow by more than one"
    signature = b64decode(words.pop("Sig"))
    assert len(signature) == SIGNATURE_BYTES
    assert holds(public(SECRET), message(304, 15, words, {4: 1}), signature)
    assert not holds(public(SECRET), message(300, 15, words, {4: 1}), signature), "of another chain"
    assert not holds(public(SECRET), message(304, 15, words, {}), signature)
    assert [name for name in words if name != "L2TxAttributes"] == [
        "AccountIndex", "ApiKeyIndex", "MarketIndex", "Index", "ExpiredAt", "Nonce",
    ]  # fmt: skip


@pytest.mark.parametrize("field", ["MarketIndex", "BaseAmount", "Price", "IsAsk", "ReduceOnly", "ExpiredAt", "Nonce"])
def test_every_number_of_an_order_is_signed(field: str) -> None:
    _, told, hashed, _ = SIGNED[0]
    changed = {**told, field: told[field] + 1}
    assert to_bytes(message(304, 14, changed, attributes(told))).hex() != hashed


def test_a_token_names_its_end_the_account_and_the_key() -> None:
    text, _, signature = token(KEY, 1_900_000_000).rpartition(":")
    assert text == "1900000000:65:5"
    assert holds(public(SECRET), text_message(text), bytes.fromhex(signature))


def test_the_same_message_is_signed_the_same_and_another_with_another_commitment() -> None:
    first, again, other = sign(SECRET, (1, 2, 3, 4, 5)), sign(SECRET, (1, 2, 3, 4, 5)), sign(SECRET, (1, 2, 3, 4, 6))
    assert first == again
    assert first[40:] != other[40:]


@pytest.mark.parametrize("text", ["", "00" * 40, "ff" * 40, "zz" * 40, "-1"])
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        private_key(text)


@pytest.mark.parametrize("place", [0, 39, 40, 79])
def test_a_signature_that_is_not_whole_does_not_hold(place: int) -> None:
    made = (1, 2, 3, 4, 5)
    signature = bytearray(sign(SECRET, made))
    signature[place] ^= 1
    assert not holds(public(SECRET), made, bytes(signature))
    assert not holds(public(SECRET), made, bytes(signature[:-1]))
    assert not holds(public(SECRET), made, b"\xff" * SIGNATURE_BYTES)
    assert not holds(public(SECRET + 1), made, sign(SECRET, made))


# -- the laws ----------------------------------------------------------------------------------------------------

ELEMENTS = st.tuples(*[st.integers(0, PRIME - 1)] * 5)
SCALARS = st.integers(0, ORDER - 1)


def naive(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The product as school has it: z to the fifth is 3."""
    result = [0] * 5
    for at, one in enumerate(a):
        for on, other in enumerate(b):
            result[(at + on) % 5] += one * other * (3 if at + on >= 5 else 1)
    return tuple(each % PRIME for each in result)


@given(ELEMENTS, ELEMENTS, st.integers(1, 600))
@settings(deadline=None, max_examples=60)
def test_packed_numbers_are_multiplied_as_in_school(a: Any, b: Any, factor: int) -> None:
    assert unpack(goldilocks.multiply(pack(a), pack(b))) == naive(a, b)
    assert unpack(goldilocks.times_z(pack(a), factor)) == naive(a, (0, factor, 0, 0, 0))
    difference = tuple((one - other) % PRIME for one, other in zip(a, b, strict=True))
    assert unpack(goldilocks.subtract(pack(a), pack(b))) == difference
    whole = goldilocks.multiply(pack(a), goldilocks.inverse(pack(a)))
    assert unpack(whole) == ((1, 0, 0, 0, 0) if any(a) else (0,) * 5)


@given(st.lists(ELEMENTS, min_size=2, max_size=4))
@settings(deadline=None, max_examples=40)
def test_what_is_not_reduced_does_not_run_over(parts: Any) -> None:
    top = (PRIME - 1,) * 5
    wide = sum(goldilocks.multiply(pack(top), pack(each)) for each in parts)
    expected = tuple(sum(column) % PRIME for column in zip(*[naive(top, each) for each in parts], strict=True))
    assert unpack(wide) == expected
    narrow = goldilocks.subtract(goldilocks.multiply(pack(top), pack(top)), wide)
    assert unpack(goldilocks.multiply(narrow, narrow)) == naive(unpack(narrow), unpack(narrow))


@given(SCALARS, SCALARS)
@settings(deadline=None, max_examples=10)
def test_keys_add_as_their_points_do(a: int, b: int) -> None:
    assert encode(plus(public(a), public(b))) == encode(public((a + b) % ORDER))


def test_the_generator_has_the_order_and_the_neutral_point_changes_nothing() -> None:
    assert encode(public(1)) == encode(GENERATOR) == (4, 0, 0, 0, 0)
    assert encode(plus(public(ORDER - 1), GENERATOR)) == encode(NEUTRAL) == (0,) * 5
    assert encode(plus(NEUTRAL, public(7))) == encode(public(7))


@given(st.sampled_from([1, SECRET, ORDER - 1]), ELEMENTS)
@settings(deadline=None, max_examples=10)
def test_whatever_is_signed_holds(key: int, made: Any) -> None:
    assert holds(public(key), made, sign(key, made))


def test_hashes_take_eight_numbers_at_a_time() -> None:
    assert digest([1] * 8) != digest([1] * 9)
    assert digest([1]) == digest([1, *[0] * 7]), "nothing is filled up with anything but zeros"
    assert limbs(b"\x01" + b"\x00" * 8) == [1, 0]
    with pytest.raises(ValueError, match="below the prime"):
        limbs(b"\xff" * 8)


# -- the official signer itself ----------------------------------------------------------------------------------

OFFICIAL = """
import json, sys
from ccxt.static_dependencies.lighter_client import signer
library = signer.load_lighter_library(sys.argv[1])
secret, public, _ = signer.decode_api_key(library.GenerateAPIKey())
signer.decode_and_free(library.CreateClient(b"http://nowhere", secret.encode(), 304, 5, 65))
made = [
    library.SignCreateOrder(1, 77, 1000, 650000, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, True, 5, 5, 65),
    library.SignCancelOrder(1, 2**48 + 5, True, 6, 5, 65),
    library.SignCancelAllOrders(0, 0, 255, True, 7, 5, 65),
    library.SignUpdateLeverage(1, 1429, 0, True, 8, 5, 65),
]
auth, _ = signer.decode_auth(library.CreateAuthToken(1900000000, 5, 65))
print(json.dumps([secret, public, [signer.decode_tx_info(each)[:3] for each in made], auth]))
"""


@pytest.mark.full
@pytest.mark.process
def test_the_official_signer_agrees_on_a_key_of_its_own(environments: Environments) -> None:
    library = environments.file("lighter", "lighter-signer-linux-amd64.so")
    ran = subprocess.run(
        [sys.executable, "-c", OFFICIAL, str(library)], check=True, capture_output=True, text=True, timeout=60
    )
    secret, wanted, transactions, auth = json.loads(ran.stdout)
    point = public(private_key(secret))
    assert f"0x{to_bytes(encode(point)).hex()}" == wanted
    for kind, info, hashed in transactions:
        told = json.loads(info)
        made = message(304, kind, told, attributes(told))
        assert to_bytes(made).hex() == hashed
        assert holds(point, made, b64decode(told["Sig"]))
    text, _, signature = auth.rpartition(":")
    assert holds(point, text_message(text), bytes.fromhex(signature))
