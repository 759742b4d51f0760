"""What setup.cfg cannot say: the part that is compiled. Where there is no compiler PerpBot works without it.

PERPBOT_PURE=1 leaves it out, for a wheel that fits every machine.
"""

import os

from setuptools import Extension, setup

WIRE = Extension("perpbot.venues._wire", ["perpbot/venues/_wire.pyx"], extra_compile_args=["-g0"], optional=True)

setup(ext_modules=[] if os.environ.get("PERPBOT_PURE") else [WIRE])
