# SPDX-License-Identifier: Apache-2.0
"""A wall clock that a test moves: for programs that it starts, and for boto3 in its own process.

A confirmation comes after six idle minutes and a reminder after a day; no test waits for them.
"""

import datetime
import mmap
import pathlib
import struct
import subprocess

import botocore.auth

SOURCE = pathlib.Path(__file__).with_name("clock.c")


class Clock:
    """`environment` makes a program live by this clock; `advance` moves it."""

    def __init__(self, folder):
        library, file = folder / "clock.so", folder / "clock"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE], check=True
        )
        file.write_bytes(struct.pack("<q", 0))
        self.file = file.open("r+b")
        self.page = mmap.mmap(self.file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "KEYPROOF_TEST_CLOCK": str(file)}
        self.offset = 0
        self.real = botocore.auth.get_current_datetime
        # What boto3 signs with must be the time of whoever checks the signature.
        botocore.auth.get_current_datetime = lambda *words, **names: self.real(*words, **names) + self.passed()

    def passed(self):
        return datetime.timedelta(seconds=self.offset)

    def advance(self, seconds):
        self.offset += seconds
        self.page[:] = struct.pack("<q", self.offset)

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + self.passed()

    def stop(self):
        botocore.auth.get_current_datetime = self.real
        self.page.close()
        self.file.close()
