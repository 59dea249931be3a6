"""In processes of their own: what is set is set for good."""

import os
import subprocess
import sys

import pytest

from convnext_dense.process.kept_memory import SETTINGS

BLOCKS = """
import resource, sys
{first}
def touched():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def use():
    for size in (1 << 20, 1 << 24, 3 << 24):
        bytearray(size)
use()
before = touched()
use()
print(touched() - before)
"""
KEEP = 'from convnext_dense.process import keep_memory; kept = keep_memory()'

pytestmark = pytest.mark.skipif(
    sys.platform != 'linux' or 'glibc' not in os.confstr('CS_GNU_LIBC_VERSION'),
    reason='malloc of another C library than glibc is left as it is',
)


def pages_asked_for(first, **settings):
    environment = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    done = subprocess.run(
        [sys.executable, '-c', BLOCKS.format(first=first)],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_by_default_large_blocks_are_asked_for_again():
    assert pages_asked_for('') > 1000


def test_what_is_freed_is_kept():
    assert pages_asked_for(KEEP) < 100


@pytest.mark.parametrize('name', SETTINGS[:2])
def test_the_users_own_settings_count(name):
    first = f'{KEEP}; assert not kept'
    assert pages_asked_for(first, **{name: '131072'}) > 1000
