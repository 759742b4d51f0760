"""The venues' own Python kits sign as we do. Each is installed in an environment of its own, which takes a while."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_venue_requests import grvt_order, place
from venue_cases import GRVT_MARKET, PRIVATE_KEY, trading

pytestmark = [pytest.mark.full, pytest.mark.process]

GRVT_KIT = """
import json, sys
from eth_account import Account
from pysdk.grvt_raw_base import GrvtApiConfig
from pysdk.grvt_raw_env import GrvtEnv
from pysdk.grvt_raw_signing import sign_order
from pysdk.grvt_raw_types import Order, OrderLeg, OrderMetadata, Signature, TimeInForce

given = json.load(sys.stdin)
order, leg, signature = given["order"], given["order"]["legs"][0], given["order"]["signature"]

class Listed:
    instrument_hash, base_decimals = given["market"]["instrument_hash"], given["market"]["base_decimals"]

signed = sign_order(
    Order(
        metadata=OrderMetadata(client_order_id=order["metadata"]["client_order_id"], create_time="0"),
        sub_account_id=order["sub_account_id"],
        time_in_force=TimeInForce(order["time_in_force"]),
        post_only=order["post_only"], is_market=order["is_market"], reduce_only=order["reduce_only"],
        legs=[OrderLeg(instrument=leg["instrument"], size=leg["size"], limit_price=leg["limit_price"],
                       is_buying_asset=leg["is_buying_asset"])],
        signature=Signature(signer="", r="", s="", v=0, expiration=int(signature["expiration"]),
                            nonce=signature["nonce"]),
    ),
    GrvtApiConfig(env=GrvtEnv.PROD, trading_account_id=None, private_key=given["key"], api_key=None, logger=None),
    Account.from_key(given["key"]),
    {leg["instrument"]: Listed},
).signature
print(json.dumps({"r": signed.r, "s": signed.s, "v": signed.v, "signer": signed.signer.lower()}))
"""


def kit(folder: Path, *packages: str) -> Path:
    """The Python of a new environment with `packages`."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, timeout=600)
    return python


def asked(python: Path, code: str, given: dict[str, Any]) -> Any:
    """What `code` prints about `given`, run by another Python."""
    done = subprocess.run(
        [python, "-c", code], input=json.dumps(given), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def test_grvts_kit_signs_an_order_as_we_do(tmp_path: Path) -> None:
    python = kit(tmp_path, "grvt-pysdk")
    made = trading("grvt")
    for changes in ({}, {"reduce_only": True}):
        order = grvt_order(place(made, **changes))
        wanted = asked(python, GRVT_KIT, {"order": order, "market": GRVT_MARKET, "key": PRIVATE_KEY})
        ours = {name: order["signature"][name] for name in ("r", "s", "v")}
        assert {**ours, "signer": order["signature"]["signer"].lower()} == wanted
