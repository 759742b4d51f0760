"""Our arithmetic of Starknet against the native library that Extended's own SDK uses, in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from extended_cases import MARKET, OWNER
from test_extended import KEY, message, placed

from perpbot.venues import stark

pytestmark = [pytest.mark.full, pytest.mark.process]

PACKAGE = "fast-stark-crypto==0.5.0"
PROGRAM = """
import json, sys, fast_stark_crypto as native
asked = json.load(sys.stdin)
order, (r, s) = asked["order"], asked["signature"]
print(json.dumps({
    "pedersen": [str(native.pedersen_hash(int(a), int(b))) for a, b in asked["pairs"]],
    "key": str(native.get_public_key(int(asked["private"]))),
    "order": str(native.get_order_msg_hash(**order)),
    "holds": native.verify(native.get_public_key(int(asked["private"])), int(asked["message"]), int(r, 16), int(s, 16)),
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the library; skipped where it has no build for this machine."""
    home = tmp_path_factory.mktemp("native")
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = home / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", PACKAGE]
    if subprocess.run(install, check=False, capture_output=True).returncode:
        pytest.skip(f"{PACKAGE} cannot be installed here")
    return python


def test_hashes_keys_and_signatures_are_those_of_the_native_library(python: Path) -> None:
    _, body = placed()
    pairs = [(1, 2), (stark.PRIME - 1, stark.PRIME - 1), (0, 0), (2**251, 2**40)]
    units, value = 50_000, 3_250_000_000
    order: dict[str, Any] = {
        "position_id": int(OWNER["l2Vault"]),
        "base_asset_id": int(MARKET["l2Config"]["syntheticId"], 16),
        "base_amount": units,
        "quote_asset_id": 1,
        "quote_amount": -value,
        "fee_asset_id": 1,
        "fee_amount": 812_500,
        "expiration": -(-body["expiryEpochMillis"] // 1000) + 14 * 24 * 3_600,
        "salt": int(body["nonce"]),
        "user_public_key": int(OWNER["l2Key"], 16),
        "domain_name": "Perpetuals",
        "domain_version": "v0",
        "domain_chain_id": "SN_MAIN",
        "domain_revision": "1",
    }
    signature = body["settlement"]["signature"]
    asked = {
        "pairs": [[str(a), str(b)] for a, b in pairs],
        "private": str(KEY),
        "order": order,
        "message": str(message(body)),
        "signature": [signature["r"], signature["s"]],
    }
    answer = subprocess.run(
        [str(python), "-c", PROGRAM], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found = json.loads(answer.stdout)
    assert [int(each) for each in found["pedersen"]] == [stark.pedersen(a, b) for a, b in pairs]
    assert int(found["key"]) == stark.public_key(KEY)
    assert int(found["order"]) == message(body)
    assert found["holds"] is True
