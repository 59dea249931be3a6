"""UperNet on the generated shapes: what `make demo-seg` runs.

python tools/train.py configs/shapes/upernet_convnext-v2-atto_demo_shapes.py
"""

_base_ = [
    '../_base_/models/upernet_small.py',
    '../_base_/data/label_png.py',
    '../_base_/schedules/scratch_iterations.py',
]
data_root = 'data/shapes'
image_size = 128
