"""The page docs/alerts.md, written from the signals, the actions and the classes of the file."""

from pathlib import Path

from perpbot.alerts.signals import SIGNALS, Per, Unit
from perpbot.config.alerts import Alerts, load_alerts
from perpbot.config.reference import tables

_UNITS = {
    Unit.TIME: "ms, s, min, h, d",
    Unit.SHARE: "%",
    Unit.MONEY: "USD, or none",
    Unit.COUNT: "none",
}
_PER = {Per.ALL: "all together", Per.VENUE: "each venue", Per.CONNECTION: "each connection", Per.COMPONENT: "each part"}

_PAGE = """\
# Alerts

PerpBot looks at every rule once a second, acts by itself where a rule says so, and tells people. The rules are in
`alerts.yaml` beside the configuration; where there is none, the shipped one counts. [runbook.md](runbook.md) says
what to do when one fires.

    perpbot alerts list               # what fires; exit code 1 when nobody has acknowledged it
    perpbot alerts test               # send a message through every channel now
    perpbot alerts ack quotes-late    # I look after it: it is not told again
    perpbot alerts silence few-succeed --hours 8

What fires also stands in `perpbot status`, in the live terminal view, in the console, and in the log.

## To your phone, in three steps

1. Copy `alerts.yaml` beside your configuration, and put a channel into it:

       channels:
         - name: telegram
           url: "tgram://${{TELEGRAM_TOKEN}}/${{TELEGRAM_CHAT}}"

2. Give PerpBot the variables: in its environment, or as files of the same names (see [security.md](security.md)).
3. Start PerpBot, and try: `perpbot alerts test` names each channel, and why a message did not arrive. Every start
   is told, too.

Some URLs; [apprise](https://github.com/caronc/apprise) knows many more:

| service | url |
|---|---|
| Telegram | `tgram://${{TOKEN}}/${{CHAT}}` |
| Lark, Feishu | `lark://${{TOKEN}}`, `feishu://${{TOKEN}}` |
| PushPlus | `pushplus://${{TOKEN}}` |
| email | `mailtos://${{USER}}:${{PASSWORD}}@example.com?to=me@example.com` |
| ntfy | `ntfys://${{TOPIC}}` |
| a webhook | `https://${{HOST_AND_PATH}}`; it gets `{{"title", "text", "severity", "source"}}` as JSON |

A channel's URL is a secret, so the file only refers to it: `${{NAME}}` where the secret stands, `env:NAME` for all of
it, `cred:NAME` for a file in `$CREDENTIALS_DIRECTORY`, `file:/path` for any other. No log, page or error shows it.

A webhook must be `https:` and lead to a public address; the name is resolved once, the request goes to the very address
that was looked at, and redirects are not followed. Hosts of your own are named in `allow_private`; there `http:`
will do, too.

### Without a phone

`docs/examples/receiver.py` is the other end of a webhook, and prints what it is sent. In a terminal of its own, which
the live view would paint over otherwise (another port than 9900 may follow):

    python3 docs/examples/receiver.py

With this in `alerts.yaml` in place of `channels: []`, start PerpBot with `ALERT_WEBHOOK=http://127.0.0.1:9900` in
its environment, and `perpbot alerts test` says `here: delivered`:

    channels:
      - name: here
        url: env:ALERT_WEBHOOK
        allow_private: [127.0.0.1]

## Rules

    - name: quotes-late
      condition: quote_latency > 5000ms
      clear: quote_latency < 2s
      keep_sec: 10
      severity: critical
      actions: [pause_trading, notify_telegram]

A condition compares signals with numbers, joined by `and` and `or` (`and` binds closer). Where a signal has a value for
each venue, each venue has an alert of its own. It fires when the condition has held for `for_sec`, and is over when
`clear` holds, or without one when the condition does not, for `keep_sec`. A value that is not known changes nothing.

| signal | unit | a value for | meaning |
|---|---|---|---|
{signals}

| action | does |
|---|---|
| `notify_all_channels`, `notify_NAME` | tells every channel, or one |
| `audio_alert` | runs `sound`, at most once a minute; the console makes a noise of its own |
| `pause_trading` | kill switch of the venue, or of everything, until the alert is over |
| `safe_mode_on` | safe mode at the venue, or at all, while the alert fires |
| `trigger_cooldown_60s` | nothing new is opened for that long (any time in s, min, h); `perpbot risk resume` lifts it |
| `flatten` | closes the trades at the venue, or all, once |
| `emergency_stop` | global kill switch and closes all trades, once; only an operator turns the switch off |

What acts does so within a second or two, told or not: a silence never disarms a rule. Something that was done is not
done again before the alert has been over, so that an operator who turns a switch off has the last word.

## How much is told

Alerts within `group_wait_sec` go together in one message, the gravest first. A channel gets at most
`messages_per_hour` (critical ones may take as many again); what is more waits and goes together. A storm of ten
thousand triggers is a handful of messages. What nobody has acknowledged is told again every `repeat_sec`; a critical
alert goes to every channel after `escalate_sec`. In `quiet_hours` only what is critical is told, the rest afterwards.
Every `heartbeat_sec` each channel is told that PerpBot runs: when that message is missing, look.

Messages wait on disk, in the journal's file, until they are delivered: also over a restart, each channel on its own,
tried again after 5 s, 10 s, … at most every 10 minutes. Where the service took a message and the answer was lost, it
comes twice.

## For programs

`perpbot alerts list --json` prints what the control socket answers to the verb `alerts` (`action`: `list`, `ack`,
`silence`, `test`). Inside PerpBot the actor `/alerts` publishes an `AlertsView` (`actors/alert_requests.py`) under the
topic `alerts`, retained; `ReadAlerts` asks for it.

## The shipped rules

| rule | fires | over | severity | does |
|---|---|---|---|---|
{rules}

{tables}
This page is written by `python -m perpbot.config`.
"""
SHIPPED = Path("config/alerts.yaml")


def markdown() -> str:
    """The whole page."""
    signals = "\n".join(
        f"| `{each.name}` | {_UNITS[each.unit]} | {_PER[each.per]} | {each.meaning} |" for each in SIGNALS.values()
    )
    rules = "\n".join(
        f"| [{each.name}](runbook.md#{each.name}) | `{each.condition}`{_lasting(each.for_sec)} | "
        f"{'when not' if each.clear is None else f'`{each.clear}`'}{_lasting(each.keep_sec)} | {each.severity.value} | "
        f"{', '.join(f'`{action}`' for action in each.actions)} |"
        for each in load_alerts(SHIPPED, {}).alerts
    )
    return _PAGE.format(signals=signals, rules=rules, tables="\n".join(tables(Alerts)))


def _lasting(seconds: float) -> str:
    return f" for {seconds:g} s" if seconds else ""
