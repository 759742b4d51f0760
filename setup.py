"""What setup.cfg cannot say: the part that is compiled. Where there is no compiler PerpBot works without it.

PERPBOT_PURE=1 leaves it out, for a wheel that fits every machine.
"""

import os
from pathlib import Path
from zlib import crc32

from setuptools import Extension, setup

SOURCE = Path("perpbot/venues/_wire.pyx")
WIRE = Extension(
    "perpbot.venues._wire",
    [str(SOURCE)],
    define_macros=[("PERPBOT_WIRE_SOURCE", f"{crc32(SOURCE.read_bytes())}u")],
    extra_compile_args=["-g0"],
    optional=True,
)

setup(ext_modules=[] if os.environ.get("PERPBOT_PURE") == "1" else [WIRE])
