"""Package metadata; tool settings live in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(
    r"__version__ = '(.+)'", (ROOT / 'convnext_dense/__init__.py').read_text()
).group(1)

# Floors only. What was tested is in constraints.txt.
REQUIRES = [
    'torch>=2.6',  # reads checkpoints by a list of safe classes
    'torchvision>=0.21',
    'numpy>=1.26',
    'onedl-mmengine>=0.10.12',
    'onedl-mmcv>=2.3.6',
    'onedl-mmdetection>=3.5.1',
    'onedl-mmsegmentation>=1.4.2',
    'faster-coco-eval>=1.6',
    'filelock>=3.12',  # one process downloads, the others wait
    'jinja2>=3.1',
    'markupsafe>=2.1',
    'opencv-python>=4.8',
    'pillow>=10.1',
    'pycocotools>=2.0.7',
    'matplotlib>=3.7',
    'safetensors>=0.4',
    'tqdm>=4.60',
]

EXTRAS = {
    'dev': [
        'pytest>=8',
        'pytest-xdist>=3.5',  # the tests on several cores
        'hypothesis>=6',
        'ruff>=0.6',
        'mypy>=1.10',
        'codespell>=2.3',
    ],
    # What is compared with, in benchmarks and in tests.
    'bench': ['timm>=1.0', 'pycocotools>=2.0.7'],
    'peers': ['timm>=1.0', 'transformers>=4.56'],
    'video': ['av>=12'],
    'log': ['tensorboard>=2.12'],
    'app': ['gradio>=6.31'],
    'browser': ['convnext-dense[app]', 'playwright>=1.45'],
    'export': ['onnx>=1.16', 'onnxscript>=0.1', 'onnxruntime>=1.18'],
}

setup(
    name='convnext-dense',
    version=VERSION,
    description='ConvNeXt backbones for detection and segmentation in OpenMMLab',
    long_description=(ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['convnext_dense', 'convnext_dense.*']),
    # .mim/configs is configs/: what `_base_ = 'convnext_dense::...'` reads.
    package_data={
        'convnext_dense': [
            '.mim/model-index.yml',
            '.mim/configs/**/*',
            'app/*.css',
            'app/*.js',
            'report/page.html',
        ]
    },
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={'console_scripts': ['convnext-dense = convnext_dense.cli:main']},
)
