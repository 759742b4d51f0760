"""EdgeX's words for its contracts: their grid, their fees, and what signing an order needs to know of them.

Source: https://edgex-1.gitbook.io/edgeX-documentation/api-v2/public-api/metadata-api.
"""

import re
from decimal import Decimal

import msgspec

from perpbot.model.instrument import Instrument, canonical_symbol
from perpbot.model.money import ZERO
from perpbot.venues.edgex_signing import Contract, Domain
from perpbot.venues.wire import number, positive, refuse

COINS = {"1000": "USDC"}
"""Coins by number, as far as they are known before EdgeX tells them."""
MINUTES = Decimal(60)

_MULTIPLE = re.compile(r"(1000(?:000)?)([A-Z].*)")
_DOLLARS = frozenset({"USD", "USDC", "USDT"})
_HEX = re.compile(r"0x[0-9a-fA-F]{1,32}")


class _Coin(msgspec.Struct, rename="camel"):
    coin_id: str
    coin_name: str
    resolution: str | None = None


class _RiskTier(msgspec.Struct, rename="camel"):
    max_leverage: str


class _Contract(msgspec.Struct, rename="camel"):
    contract_id: str
    contract_name: str
    base_coin_id: str
    quote_coin_id: str
    tick_size: str
    step_size: str
    min_order_size: str
    default_taker_fee_rate: str
    default_maker_fee_rate: str
    funding_rate_interval_min: str
    enable_trade: bool
    enable_open_position: bool
    resolution: str | None = None
    risk_tier_list: list[_RiskTier] = []
    display_max_leverage: str = "1"


class _Global(msgspec.Struct, rename="camel"):
    native_chain_id: str = ""
    chain_id: str = ""
    contract_address: str = ""


class MetaData(msgspec.Struct, rename="camel"):
    """Every coin and contract, and the chain orders are signed for."""

    coin_list: list[_Coin]
    contract_list: list[_Contract]
    global_: _Global = msgspec.field(name="global", default_factory=_Global)

    def coins(self) -> dict[str, str]:
        """The coins' names by number."""
        return {coin.coin_id: coin.coin_name for coin in self.coin_list}

    def domain(self) -> Domain:
        """What orders are signed for; `DecodeError` where EdgeX does not say it."""
        told = self.global_
        chain = told.native_chain_id or told.chain_id
        if not told.contract_address:
            refuse("edgex", "contractAddress", told.contract_address)
        return Domain(chain_id=int(_resolution(chain, "nativeChainId")), contract=told.contract_address)


class TradeSetting(msgspec.Struct, rename="camel"):
    """What an account pays for trading, and how far it may go, where that is set."""

    is_set_fee_rate: bool = False
    taker_fee_rate: str = ""
    maker_fee_rate: str = ""
    is_set_max_leverage: bool = False
    max_leverage: str = ""


class Account(msgspec.Struct, rename="camel"):
    """An account's settings, for all contracts and for some."""

    status: str = "NORMAL"
    default_trade_setting: TradeSetting = msgspec.field(default_factory=TradeSetting)
    contract_id_to_trade_setting: dict[str, TradeSetting] = {}


def instruments(meta: MetaData, account: Account | None = None) -> list[Instrument]:
    """The contracts in dollars in which positions may be opened; fees are the account's where it has its own."""
    coins = meta.coins()
    return [
        _instrument(row, coins, account or Account())
        for row in meta.contract_list
        if row.enable_trade and row.enable_open_position and coins.get(row.quote_coin_id) in _DOLLARS
    ]


def contracts(meta: MetaData) -> dict[str, Contract]:
    """What signing needs to know of each contract, by its number."""
    coins = {coin.coin_id: coin for coin in meta.coin_list}
    return {
        row.contract_id: _contract(row, coins[row.quote_coin_id])
        for row in meta.contract_list
        if row.enable_trade and row.quote_coin_id in coins
    }


def _contract(row: _Contract, coin: _Coin) -> Contract:
    name = row.contract_name
    return Contract(
        resolution=_resolution(row.resolution or "", f"resolution of {name}"),
        coin_id=int(coin.coin_id) if coin.coin_id.isdecimal() else refuse("edgex", "coinId", coin.coin_id),
        coin_resolution=_resolution(coin.resolution or "", f"resolution of {coin.coin_name}"),
        fee_rate=max(
            number(row.default_taker_fee_rate, "edgex", f"defaultTakerFeeRate of {name}"),
            number(row.default_maker_fee_rate, "edgex", f"defaultMakerFeeRate of {name}"),
        ),
    )


def _instrument(row: _Contract, coins: dict[str, str], account: Account) -> Instrument:
    """A contract. Some coins are traded and quoted by the thousand."""
    name = row.contract_name
    base, unit = _coin(coins.get(row.base_coin_id) or refuse("edgex", f"baseCoinId of {name}", row.base_coin_id))
    maker, taker = _fees(row, account)
    leverage = row.risk_tier_list[0].max_leverage if row.risk_tier_list else row.display_max_leverage
    return Instrument(
        venue="edgex",
        symbol=canonical_symbol(base),
        native=row.contract_id,
        base=base,
        quote=coins[row.quote_coin_id],
        tick=positive(row.tick_size, "edgex", f"tickSize of {name}") / unit,
        lot=positive(row.step_size, "edgex", f"stepSize of {name}") * unit,
        min_quantity=positive(row.min_order_size, "edgex", f"minOrderSize of {name}") * unit,
        min_notional=ZERO,
        contract_size=unit,
        price_unit=unit,
        maker_fee=maker,
        taker_fee=taker,
        funding_hours=positive(row.funding_rate_interval_min, "edgex", f"fundingRateIntervalMin of {name}") / MINUTES,
        max_leverage=positive(leverage, "edgex", f"maxLeverage of {name}"),
    )


def _fees(row: _Contract, account: Account) -> tuple[Decimal, Decimal]:
    """Maker and taker fee: the contract's setting goes before the account's, and that before the usual."""
    usual = TradeSetting(True, row.default_taker_fee_rate, row.default_maker_fee_rate)
    settings = (account.contract_id_to_trade_setting.get(row.contract_id), account.default_trade_setting, usual)
    told = next(each for each in settings if each is not None and each.is_set_fee_rate)
    maker = number(told.maker_fee_rate, "edgex", f"makerFeeRate of {row.contract_name}")
    return maker, number(told.taker_fee_rate, "edgex", f"takerFeeRate of {row.contract_name}")


def _coin(name: str) -> tuple[str, Decimal]:
    multiple = _MULTIPLE.fullmatch(name)
    return (name, Decimal(1)) if multiple is None else (multiple[2], Decimal(multiple[1]))


def _resolution(text: str, field: str) -> Decimal:
    """A whole number, in hexadecimal where it says so."""
    if _HEX.fullmatch(text):
        return Decimal(int(text, 16))
    return positive(text, "edgex", field)
