"""Alerts: what is to be noticed, and what becomes of it. Pure; values come in, events and messages come out.

signals     the values that rules may speak of, with their units
condition   the grammar of rules: `quote_latency > 5s`
action      what a rule may do
alert       one alert on its way: pending, firing, resolved
book        all alerts, who took them on, and what is silenced
digest      events put together to few messages
wording     how they read, in English and Chinese
"""
