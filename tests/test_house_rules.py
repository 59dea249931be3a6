"""The rules of the house, read from syntax trees: nothing is imported."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = 'convnext_dense'
MOST_LINES = 250

FOUNDATION = {'errors', 'registry', 'layers'}
# Which parts of the package a part may import, itself aside.
MAY_IMPORT = {
    '__init__': {'mmcv_ops'},
    'errors': set(),
    'registry': set(),
    'process': set(),
    'layers': set(),
    'visualization': set(),
    'mmcv_ops': set(),
    'checkpoints': {'errors'},
    'backbones': FOUNDATION | {'checkpoints'},
    'pretrain': FOUNDATION | {'checkpoints', 'backbones'},
    'optim': {'errors', 'registry'},
    'datasets': {'errors', 'registry'},
    'engine': {
        'errors', 'registry', 'process', 'layers', 'checkpoints', 'visualization',
        '__version__',
    },
    'report': {'errors', 'visualization'},
}  # fmt: skip
BELOW = set(MAY_IMPORT) - {'__init__'}
MAY_IMPORT |= {
    'detection': BELOW,
    'segmentation': BELOW,
    'inference': BELOW | {'detection', 'segmentation'},
    'export': BELOW | {'detection', 'segmentation', 'inference'},
    'data_check': BELOW | {'detection', 'segmentation'},
    'app': BELOW | {'detection', 'segmentation', 'inference'},
}
MAY_IMPORT |= {'options': {'__version__'}, 'cli': set(MAY_IMPORT) | {'options'}}

# What a part may import of others, beside the standard library.
MAY_IMPORT_OF_OTHERS = {
    'errors': set(),
    'process': set(),
    'checkpoints': {
        'filelock',
        'mmengine.logging',
        'numpy',
        'safetensors',
        'torch',
        'tqdm',
    },
    'mmcv_ops': {'numpy', 'torch', 'torchvision'},
    # No torch: a report is made in seconds, and anywhere.
    'report': {'PIL', 'faster_coco_eval', 'jinja2', 'markupsafe', 'numpy'},
}
HOSTS = {'mmcv', 'mmdet', 'mmseg'}
WITHOUT_HOSTS = {
    'errors', 'registry', 'process', 'layers', 'visualization', 'checkpoints',
    'backbones', 'pretrain', 'optim', 'report',
}  # fmt: skip
NEVER = {'mmpretrain', 'transformers'}


def files(*folders):
    """Make a test run once for every Python file in the folders."""
    paths = [
        path for folder in folders for path in sorted((ROOT / folder).rglob('*.py'))
    ]
    return pytest.mark.parametrize(
        'path', paths, ids=[path.relative_to(ROOT).as_posix() for path in paths]
    )


def tree_of(path):
    return ast.parse(path.read_text(encoding='utf-8'), str(path))


def imports(tree, package=()):
    """List the absolute names of all that is imported, also inside functions.

    Args:
        tree: The syntax tree of a module.
        package: The parts of the name of the package that the module is in.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = '.'.join([*start, *filter(None, [node.module])])
            yield from (f'{base}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Call) and name_of(node.func) == 'import_module':
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant):
                yield first.value


def name_of(function):
    return getattr(function, 'attr', getattr(function, 'id', None))


def imports_of(path):
    return set(imports(tree_of(path), path.relative_to(ROOT).parent.parts))


def part_of(path):
    """Name the part of the package that a file belongs to."""
    return path.relative_to(ROOT / PACKAGE).parts[0].removesuffix('.py')


def within(name, packages):
    return any(f'{name}.'.startswith(f'{package}.') for package in packages)


# --- the reading itself -------------------------------------------------------------


@pytest.mark.parametrize(
    ('code', 'expected'),
    [
        ('import a.b', 'a.b'),
        ('import a.b as c', 'a.b'),
        ('from a import b', 'a.b'),
        ('from . import b', 'top.part.b'),
        ('from .b import c', 'top.part.b.c'),
        ('from .. import b', 'top.b'),
        ('from ..b import c', 'top.b.c'),
        ('def f():\n    import a', 'a'),
        ("importlib.import_module('a.b')", 'a.b'),
    ],
)
def test_an_import_is_seen_in_every_form(code, expected):
    assert [*imports(ast.parse(code), ('top', 'part'))] == [expected]


@files(PACKAGE)
def test_every_part_has_its_place_in_the_table(path):
    assert part_of(path) in MAY_IMPORT


# --- who may import whom ------------------------------------------------------------


@files(PACKAGE)
def test_a_part_imports_only_the_parts_below_it(path):
    part = part_of(path)
    ours = [name.split('.') for name in imports_of(path) if within(name, [PACKAGE])]
    found = {rest[0] if rest else '' for _, *rest in ours}
    assert found <= MAY_IMPORT[part] | {part}


@files(PACKAGE)
def test_a_part_imports_only_the_packages_it_may(path):
    allowed = MAY_IMPORT_OF_OTHERS.get(part_of(path))
    if allowed is None:
        return
    allowed = {*allowed, PACKAGE, *sys.stdlib_module_names}
    assert [name for name in imports_of(path) if not within(name, allowed)] == []


@files(PACKAGE)
def test_only_what_plugs_into_hosts_imports_them(path):
    hosts = [name for name in imports_of(path) if within(name, HOSTS)]
    assert part_of(path) not in WITHOUT_HOSTS or not hosts


@files(PACKAGE, 'tools', 'configs', 'tests')
def test_packages_that_break_others_are_never_imported(path):
    assert [name for name in imports_of(path) if within(name, NEVER)] == []


@files('configs')
def test_configs_import_nothing(path):
    nodes = ast.walk(tree_of(path))
    assert [n for n in nodes if isinstance(n, (ast.Import, ast.ImportFrom))] == []


# --- style --------------------------------------------------------------------------


@files(PACKAGE, 'tools')
def test_a_file_is_short_enough_to_be_read(path):
    assert len(path.read_text(encoding='utf-8').splitlines()) <= MOST_LINES


@files(PACKAGE)
def test_only_the_command_line_prints(path):
    calls = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call)]
    lines = [call.lineno for call in calls if name_of(call.func) == 'print']
    assert part_of(path) == 'cli' or lines == []


@files(PACKAGE, 'tools')
def test_no_error_is_swallowed(path):
    handlers = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.ExceptHandler)]
    assert [h.lineno for h in handlers if h.type is None or says_nothing(h.body)] == []


def says_nothing(body):
    """Tell whether a block is only ``pass``, ``...`` or a string."""
    return all(
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )


@files(PACKAGE, 'tools')
def test_a_public_module_says_what_it_is(path):
    private = path.stem.startswith('_') and path.stem != '__init__'
    assert private or ast.get_docstring(tree_of(path))
